# An SMSC for one ESME at a time, made of Net::SMPP (Debian: libnet-smpp-perl), which is not ours.
# Tells what happens as lines on standard output; takes orders as lines on standard input:
#   refuse STATUS COUNT   answers so many submit_sm with that command_status
#   receipts STAT         sends a delivery receipt after each submit_sm, in the same write as its response; `none` for none
#   hold / release        answers no submit_sm for now / answers those that wait
#   deliver ESM DCS HEX   sends a deliver_sm to the ESME
#   drop                  closes the connection
#   sync                  nothing: what was before it is done
# Arguments: system_id, password.
use strict;
use warnings;
use IO::Select;
use Net::SMPP;

$| = 1;
my ($system_id, $password) = @ARGV;
my $listener = Net::SMPP->new_listen('127.0.0.1', port => 0, smpp_version => 0x34, enquire_interval => 0) or die "listen: $!";
print "port ", $listener->sockport, "\n";

my ($esme, $next_id, $receipts, $hold, @held) = (undef, 1, 'none', 0);
my ($refuse_status, $refuse_count) = (0, 0);
my $select = IO::Select->new($listener, \*STDIN);
my $input = '';

while (1) {
    for my $ready ($select->can_read) {
        if ($ready == $listener) { begin() }
        elsif (fileno($ready) == fileno(STDIN)) {
            sysread(STDIN, $input, 65536, length $input) or exit 0;
            order($1) while $input =~ s/^(.*)\n//;
        }
        elsif (defined $esme && $ready == $esme) {
            my $pdu = $esme->read_pdu;
            defined $pdu ? serve($pdu) : finish('lost');
        }
    }
}

sub begin {
    my $accepted = $listener->accept or return;
    finish('replaced') if defined $esme;
    $esme = $accepted;
    $select->add($esme);
}

sub finish {
    return if !defined $esme;
    print "end $_[0]\n";
    $select->remove($esme);
    close $esme;
    $esme = undef;
    @held = ();
}

sub serve {
    my ($pdu) = @_;
    my $cmd = $pdu->{cmd};
    if ($cmd == Net::SMPP::CMD_bind_transceiver) {
        my $good = $pdu->{system_id} eq $system_id && $pdu->{password} eq $password;
        print "bind $pdu->{system_id} ", ($good ? 'good' : 'bad'), " $pdu->{interface_version}\n";
        $esme->bind_transceiver_resp(system_id => 'perl', seq => $pdu->{seq}, status => $good ? 0 : 0x0e);
        finish('refused') if !$good;
    }
    elsif ($cmd == Net::SMPP::CMD_submit_sm) {
        print join(' ', 'submit', map({ $pdu->{$_} eq '' ? '-' : $pdu->{$_} } qw(destination_addr dest_addr_ton dest_addr_npi esm_class
            data_coding registered_delivery validity_period)), unpack('H*', $pdu->{short_message})), "\n";
        $hold ? push(@held, $pdu) : answer($pdu);
    }
    elsif ($cmd == Net::SMPP::CMD_enquire_link) {
        print "enquire\n";
        $esme->enquire_link_resp(seq => $pdu->{seq});
    }
    elsif ($cmd == Net::SMPP::CMD_unbind) {
        print "unbind\n";
        $esme->unbind_resp(seq => $pdu->{seq});
    }
    elsif ($cmd == Net::SMPP::CMD_deliver_sm_resp) { print "delivered $pdu->{status}\n" }
    else { printf "other %08x %d\n", $cmd, $pdu->{status} }
}

sub answer {
    my ($pdu) = @_;
    if ($refuse_count > 0) {
        $refuse_count--;
        $esme->submit_sm_resp(message_id => '', seq => $pdu->{seq}, status => $refuse_status);
        return;
    }
    my $id = sprintf 'perl-%d', $next_id++;
    $esme->submit_sm_resp(message_id => $id, seq => $pdu->{seq});
    return if $receipts eq 'none';
    my $text = "id:$id sub:001 dlvrd:000 submit date:2611242200 done date:2611242201 stat:$receipts err:001 text:";
    $esme->deliver_sm(source_addr => $pdu->{destination_addr}, destination_addr => 'osgate', esm_class => 0x04,
        short_message => $text, async => 1);
}

sub order {
    my ($name, @words) = split ' ', $_[0];
    if ($name eq 'refuse') { ($refuse_status, $refuse_count) = @words }
    elsif ($name eq 'receipts') { $receipts = $words[0] }
    elsif ($name eq 'hold') { $hold = 1 }
    elsif ($name eq 'release') { $hold = 0; answer($_) for splice @held }
    elsif ($name eq 'drop') { finish('dropped') }
    elsif ($name eq 'deliver' && defined $esme) {
        $esme->deliver_sm(source_addr_ton => 1, source_addr_npi => 1, source_addr => '491700000001',
            destination_addr => 'osgate', esm_class => $words[0], data_coding => $words[1],
            short_message => pack('H*', $words[2]), async => 1);
    }
    print "done $name\n";
}
