#define _GNU_SOURCE
// DTLS clients on OpenSSL, each with an address of its own on one socket, against the server at 127.0.0.1:PORT.
//   load handshakes PORT SUITE COUNT WINDOW RATE
//     COUNT full handshakes, each ended by close_notify; at most WINDOW at a time, at most RATE a second (0: no limit).
//   load echo PORT SUITE ASSOCIATIONS RECORDS OCTETS RATE
//     RECORDS records of OCTETS octets over the associations, each of which waits for its answer.
//   load hold PORT SUITE ASSOCIATIONS WINDOW
//     Sets the associations up, lets each carry one record, and holds them until standard input ends; then each must still
//     answer one record.
// Prints what happened as JSON, one object a line. `begun` is printed when handshakes are over and echoes begin.
#include "../support/loopback.h"
#include "datagram-bio.h"

#include <poll.h>
#include <unistd.h>

#define GIVE_UP_AFTER_MS 15000
#define ANSWER_WITHIN_MS 1000
#define TIMER_INTERVAL_MS 20
#define PAUSE_MS 0.2
#define MOST_IN_FLIGHT 4096

enum state { HANDSHAKING, ESTABLISHED, ENDED };

struct client {
  uint32_t address;
  enum state state;
  struct channel channel;
  SSL *ssl;
  double started_at;
  double sent_at;  // of the record that waits for its answer; 0 for none
};

static int descriptor;
static struct sockaddr_in target;
static SSL_CTX *context;
static BIO_METHOD *method;
static const char *suite;
static struct client **clients;
static int size_of_clients, started;
static struct client *in_flight[MOST_IN_FLIGHT];
static int count_in_flight;
static long done, failed, retransmissions, answers, lost, wrong;
static int keep_associations;
static int first_failure_shown;

static void send_to_server(void *owner, const void *octets, size_t size) {
  const struct client *client = owner;
  send_from(descriptor, &target, client->address, octets, size);
}

static unsigned int give_psk(SSL *ssl, const char *hint, char *identity, unsigned int identity_room,
                             unsigned char *key, unsigned int key_room) {
  (void)ssl;
  (void)hint;
  if (key_room < sizeof PSK) return 0;
  snprintf(identity, identity_room, "bench@example.com");
  memcpy(key, PSK, sizeof PSK);
  return sizeof PSK;
}

static void end_client(struct client *client) {
  if (client->ssl != NULL) SSL_free(client->ssl);
  client->ssl = NULL;
  client->state = ENDED;
}

static void remove_in_flight(struct client *client) {
  for (int index = 0; index < count_in_flight; index++) {
    if (in_flight[index] != client) continue;
    in_flight[index] = in_flight[--count_in_flight];
    return;
  }
}

static void fail_client(struct client *client, const char *why) {
  failed++;
  if (!first_failure_shown) {
    first_failure_shown = 1;
    fprintf(stderr, "load: first failed handshake: %s\n", why);
    ERR_print_errors_fp(stderr);
  }
  ERR_clear_error();
  remove_in_flight(client);
  end_client(client);
}

static void shake_hands(struct client *client) {
  int result = SSL_do_handshake(client->ssl);
  if (result != 1) {
    int error = SSL_get_error(client->ssl, result);
    if (error != SSL_ERROR_WANT_READ) fail_client(client, "refused");
    ERR_clear_error();
    return;
  }
  if (strcmp(SSL_get_cipher(client->ssl), suite) != 0) {
    fail_client(client, "other suite");
    return;
  }
  remove_in_flight(client);
  done++;
  client->state = ESTABLISHED;
  if (keep_associations) return;
  SSL_shutdown(client->ssl);
  end_client(client);
}

static void start_client(void) {
  struct client *client = calloc(1, sizeof *client);
  if (client == NULL) die("calloc");
  client->address = FIRST_ADDRESS + 1 + (uint32_t)started;
  client->channel.send = send_to_server;
  client->channel.owner = client;
  client->ssl = open_ssl(context, method, &client->channel);
  client->started_at = now_ms();
  SSL_set_connect_state(client->ssl);
  clients[started++] = client;
  in_flight[count_in_flight++] = client;
  shake_hands(client);
}

static size_t octets_of_record;
static unsigned char record[16384];

static void send_record(struct client *client, double now) {
  client->sent_at = now;
  if (SSL_write(client->ssl, record, (int)octets_of_record) <= 0) wrong++;
}

static void read_answers(struct client *client) {
  static unsigned char answer[LARGEST_DATAGRAM];
  for (;;) {
    int size = SSL_read(client->ssl, answer, sizeof answer);
    if (size <= 0) {
      if (SSL_get_error(client->ssl, size) != SSL_ERROR_WANT_READ) end_client(client);
      ERR_clear_error();
      return;
    }
    if ((size_t)size != octets_of_record || memcmp(answer, record, octets_of_record) != 0) wrong++;
    // An answer after it was given up for lost counts as that.
    if (client->sent_at != 0) answers++;
    client->sent_at = 0;
  }
}

// Takes what has come, up to `most` datagrams. Where nothing has it sleeps by the clock: if it waited for the socket, the
// kernel would put the cost of waking it on the bill of the server that sends, as no network does.
static void receive(int most) {
  static unsigned char datagram[LARGEST_DATAGRAM];
  for (int count = 0; count < most; count++) {
    char control[128];
    struct iovec vector = {datagram, sizeof datagram};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size = recvmsg(descriptor, &message, 0);
    if (size < 0) {
      if (count > 0) return;
      sleep_ms(PAUSE_MS);
      return;
    }
    uint32_t address = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header))
      if (header->cmsg_type == IP_PKTINFO)
        address = ntohl(((struct in_pktinfo *)CMSG_DATA(header))->ipi_addr.s_addr);
    int64_t index = (int64_t)address - FIRST_ADDRESS - 1;
    if (index < 0 || index >= started) continue;
    struct client *client = clients[index];
    if (client->state == ENDED) continue;
    client->channel.input = datagram;
    client->channel.input_size = (size_t)size;
    if (client->state == HANDSHAKING) shake_hands(client);
    else read_answers(client);
    client->channel.input = NULL;
  }
}

// Retransmissions, and handshakes that take too long.
static void run_timers(void) {
  static double next_at;
  double now = now_ms();
  if (now < next_at) return;
  next_at = now + TIMER_INTERVAL_MS;
  for (int index = count_in_flight - 1; index >= 0; index--) {
    struct client *client = in_flight[index];
    if (DTLSv1_handle_timeout(client->ssl) == 1) retransmissions++;
    ERR_clear_error();
    if (now - client->started_at > GIVE_UP_AFTER_MS) fail_client(client, "no answer in time");
  }
}

static void run_handshakes(int count, int window, double rate) {
  double began_at = now_ms();
  while (done + failed < count) {
    while (started < count && count_in_flight < window && started <= (rate > 0 ? (now_ms() - began_at) / 1e3 * rate : 1e9))
      start_client();
    receive(64);
    run_timers();
  }
}

// Each association has one record under way at most; `records` in all. With `rate` records leave at that many a second.
static void run_echoes(int associations, long records, double rate) {
  double began_at = now_ms();
  double checked_at = began_at;
  long sent = 0;
  int next = 0;
  while (answers + lost < records) {
    double now = now_ms();
    long due = rate > 0 ? (long)((now - began_at) / 1e3 * rate) : records;
    if (due > records) due = records;
    for (int tried = 0; tried < associations && sent < due; tried++) {
      struct client *client = clients[next];
      next = (next + 1) % associations;
      if (client->state != ESTABLISHED || client->sent_at != 0) continue;
      send_record(client, now);
      sent++;
    }
    receive(64);
    if (now - checked_at < 100) continue;
    checked_at = now;
    int alive = 0;
    for (int index = 0; index < associations; index++) {
      struct client *client = clients[index];
      if (client->state == ESTABLISHED) alive++;
      if (client->sent_at == 0 || (client->state == ESTABLISHED && now - client->sent_at < ANSWER_WITHIN_MS)) continue;
      client->sent_at = 0;
      lost++;
    }
    if (alive == 0) break;
  }
}

static void report(double began_at) {
  printf("{\"done\":%ld,\"failed\":%ld,\"retransmissions\":%ld,\"answers\":%ld,\"lost\":%ld,\"wrong\":%ld,\"seconds\":%.3f}\n",
         done, failed, retransmissions, answers, lost, wrong, (now_ms() - began_at) / 1e3);
  fflush(stdout);
}

// Reading and answering nothing else than what the server still sends, until standard input ends or `milliseconds` are over.
static void wait_for_input(double milliseconds) {
  double until = now_ms() + milliseconds;
  while (now_ms() < until) {
    struct pollfd waiting = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&waiting, 1, 50) > 0) return;
    receive(64);
  }
}

static void close_all(void) {
  for (int index = 0; index < started; index++) {
    if (clients[index]->state != ESTABLISHED) continue;
    SSL_shutdown(clients[index]->ssl);
    end_client(clients[index]);
    // Slowly enough for the buffer of the server's socket.
    if (index % 50 == 49) sleep_ms(5);
  }
}

int main(int count_of_arguments, char **arguments) {
  if (count_of_arguments < 6) return 2;
  const char *mode = arguments[1];
  target = target_of(atoi(arguments[2]));
  suite = arguments[3];
  int count = atoi(arguments[4]);
  if (count < 1) return 2;
  descriptor = open_socket(0, 1 << 22);
  context = SSL_CTX_new(DTLS_client_method());
  set_up(context, suite);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  if (strncmp(suite, "PSK", 3) == 0) SSL_CTX_set_psk_client_callback(context, give_psk);
  method = channel_method();
  size_of_clients = count;
  clients = calloc((size_t)size_of_clients, sizeof *clients);
  if (clients == NULL) die("calloc");
  for (size_t index = 0; index < sizeof record; index++) record[index] = (unsigned char)(index * 7 + 1);

  double began_at = now_ms();
  if (strcmp(mode, "handshakes") == 0 && count_of_arguments == 7) {
    int window = atoi(arguments[5]);
    run_handshakes(count, window < MOST_IN_FLIGHT ? window : MOST_IN_FLIGHT, atof(arguments[6]));
    report(began_at);
  } else if (strcmp(mode, "echo") == 0 && count_of_arguments == 8) {
    keep_associations = 1;
    octets_of_record = (size_t)atoi(arguments[6]);
    if (octets_of_record > sizeof record) return 2;
    run_handshakes(count, 16, 0);
    report(began_at);
    // The one who measures reads the server's CPU time now, and writes a line.
    wait_for_input(60000);
    began_at = now_ms();
    run_echoes(count, atol(arguments[5]), atof(arguments[7]));
    report(began_at);
    close_all();
  } else if (strcmp(mode, "hold") == 0 && count_of_arguments == 6) {
    keep_associations = 1;
    octets_of_record = 100;
    int window = atoi(arguments[5]);
    run_handshakes(count, window < MOST_IN_FLIGHT ? window : MOST_IN_FLIGHT, 0);
    run_echoes(count, count, 2000);
    report(began_at);
    wait_for_input(300000);
    began_at = now_ms();
    answers = lost = wrong = 0;
    run_echoes(count, count, 2000);
    report(began_at);
    close_all();
  } else {
    return 2;
  }
  return 0;
}
