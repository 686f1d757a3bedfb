import { Command } from 'commander';
import { addSubscriber, importSubscribers } from './subscriber-add.ts';
import { changePassword } from './subscriber-password.ts';
import { createKey, listSubscribers, removeSubscriber, showSubscriber } from './subscriber-show.ts';

/** `osgate subscriber`: the subscribers of the key centre, also while it runs. */
export function subscriberCommand(): Command {
  return new Command('subscriber')
    .description(
      'add, import, list, show and remove the subscribers of the key centre; set passwords; make its secret key',
    )
    .addCommand(addCommand())
    .addCommand(importCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(passwordCommand())
    .addCommand(removeCommand())
    .addCommand(keyCommand())
    .addHelpText(
      'after',
      `
The configuration's section kmc.subscribers says where the database and its secret key are. All of this may be done
while the key centre runs.`,
    );
}

function addCommand(): Command {
  return configured('add', 'add one subscriber')
    .requiredOption('--impi <impi>', 'private identity, user@realm; with a password alone also a plain user name')
    .option('--impu <uri>', 'public identity, a SIP or tel URI; repeat for more, the default one first', append)
    .option('--k <hex>', 'key K, 32 hexadecimal digits; others may see it in the list of processes: better --k-file')
    .option('--k-file <file>', 'file with K; - is standard input')
    .option('--opc <hex>', 'OPc, 32 hexadecimal digits')
    .option('--op <hex>', 'OP, in place of OPc')
    .option('--amf <hex>', 'AMF, 4 hexadecimal digits (default: 0000); the separation bit (8000) must be 0')
    .option('--sqn <hex>', 'SQN of the last vector, up to 12 hexadecimal digits (default: 0)')
    .option('--password-file <file>', 'file with a password, for SIP digest without GBA; - is standard input')
    .option('--uicc-type <type>', 'GBA or GBA_U')
    .option('--life-time <seconds>', 'key lifetime of this subscriber')
    .option('--uss <uss>', "user security setting, such as 'gsid=0,type=0,uid=sip:a@b,flag=1'; repeat for more", append)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
K makes an agent with GBA, a password one without; both may be given. A password is one line of UTF-8, up to 128 octets,
and never stands on the command line. Without --impu the public identity is sip: and the IMPI. Without --uss one setting for the unspecific service (GSID 0)
holds, with every public identity; so does a setting without uid. Parts of a setting: gsid, type (default: the gsid),
nafGroup, uid and flag (both repeatable), keyChoice (ME_BASED_KEY, UICC_BASED_KEY, ME_UICC_BASED_KEYS).

Examples:
  osgate subscriber add -c osgate.yaml --impi alice@example.org --impu sip:alice@example.org --k-file - --opc <hex>
  osgate subscriber add -c osgate.yaml --impi desk7 --impu sip:desk7@example.org --password-file - < desk7.password`,
    )
    .action(addSubscriber);
}

function importCommand(): Command {
  return configured('import', 'add the subscribers of a CSV file, all of them or none')
    .argument('<file>', 'CSV file (RFC 4180); - is standard input')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
The first line names the columns: impi; k and opc or op, or password, or all of them; and as wanted impus (separated by
blanks), amf and sqn. A row with a password may leave k, opc, op, amf and sqn empty. Values have the form that "osgate subscriber add" describes.`,
    )
    .action(importSubscribers);
}

function listCommand(): Command {
  return configured('list', 'list the subscribers: IMPI, SQN, IMPUs, and "password" for those who have one')
    .option('--json', 'print JSON')
    .action(listSubscribers);
}

function showCommand(): Command {
  return configured('show', 'show one subscriber')
    .argument('<impi>')
    .option('--secrets', 'print K and OPc as well')
    .option('--json', 'print JSON')
    .action(showSubscriber);
}

function passwordCommand(): Command {
  return configured('password', 'set or remove the password of one subscriber')
    .argument('<impi>')
    .option('--password-file <file>', 'file with the password, one line; - is standard input')
    .option('--remove', 'remove the password of a subscriber who has K')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Gateways that run take the change within userCacheSeconds of their digest authenticator.

Example:
  osgate subscriber password -c osgate.yaml alice@example.org --password-file - < alice.password`,
    )
    .action(changePassword);
}

function removeCommand(): Command {
  return configured('remove', 'remove one subscriber')
    .argument('<impi>')
    .option('--json', 'print JSON')
    .action(removeSubscriber);
}

function keyCommand(): Command {
  return new Command('key')
    .description('make a new secret key for the database, in a file that only its owner can read')
    .requiredOption('--file <file>', 'file to make; one that is there is never overwritten')
    .action(createKey);
}

function configured(name: string, description: string): Command {
  return new Command(name).description(description).requiredOption('-c, --config <file>', 'configuration file (YAML)');
}

function append(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}
