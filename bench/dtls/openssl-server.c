#define _GNU_SOURCE
// An echo server on OpenSSL: one process, one socket, peers told apart by address; stateless until the cookie came back.
//   openssl-server PORT SUITE CERTIFICATE KEY
// SIGUSR2 gives free memory to the system.
#include "../support/loopback.h"
#include "datagram-bio.h"

#include <malloc.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <signal.h>

#define BUCKETS 65536u
#define HANDSHAKE_TIMEOUT_MS 30000
#define TIMER_INTERVAL_MS 50

struct peer {
  struct peer *next_in_bucket;
  struct peer *next_handshaking;
  struct sockaddr_in address;
  struct channel channel;
  SSL *ssl;
  double started_at;
  int state;  // 0 handshaking, 1 established, 2 ended
};

static int descriptor;
static BIO_METHOD *method;
static SSL_CTX *context;
static struct peer *buckets[BUCKETS];
static struct peer *handshaking;
// Becomes the peer whose cookie came back; a new one takes its place.
static struct peer *stranger;
static unsigned char cookie_secret[32];
static volatile sig_atomic_t trim_wanted;

static void send_to_peer(void *owner, const void *octets, size_t size) {
  struct peer *peer = owner;
  sendto(descriptor, octets, size, 0, (struct sockaddr *)&peer->address, sizeof peer->address);
}

static struct peer **bucket_of(const struct sockaddr_in *address) {
  uint32_t hash = (ntohl(address->sin_addr.s_addr) * 2654435761u) ^ (address->sin_port * 40503u);
  return &buckets[(hash ^ (hash >> 16)) % BUCKETS];
}

static int same_address(const struct sockaddr_in *a, const struct sockaddr_in *b) {
  return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

static struct peer *new_stranger(void) {
  struct peer *peer = calloc(1, sizeof *peer);
  if (peer == NULL) die("calloc");
  peer->channel.send = send_to_peer;
  peer->channel.owner = peer;
  peer->ssl = open_ssl(context, method, &peer->channel);
  SSL_set_app_data(peer->ssl, peer);
  return peer;
}

// Of the address and the port: the rest of the ClientHello is not to be had here.
static int make_cookie(SSL *ssl, unsigned char *cookie, unsigned int *size) {
  const struct peer *peer = SSL_get_app_data(ssl);
  unsigned char octets[6];
  memcpy(octets, &peer->address.sin_addr, 4);
  memcpy(octets + 4, &peer->address.sin_port, 2);
  return HMAC(EVP_sha256(), cookie_secret, sizeof cookie_secret, octets, sizeof octets, cookie, size) != NULL;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned int size) {
  unsigned char expected[EVP_MAX_MD_SIZE];
  unsigned int expected_size;
  return make_cookie(ssl, expected, &expected_size) && size == expected_size &&
         CRYPTO_memcmp(cookie, expected, size) == 0;
}

static unsigned int find_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned int room) {
  (void)ssl;
  (void)identity;
  if (room < sizeof PSK) return 0;
  memcpy(key, PSK, sizeof PSK);
  return sizeof PSK;
}

// Handshake, echo or end, as far as what has come allows.
static void advance(struct peer *peer) {
  static char message[LARGEST_DATAGRAM];
  if (peer->state == 0) {
    int result = SSL_accept(peer->ssl);
    if (result != 1) {
      if (SSL_get_error(peer->ssl, result) != SSL_ERROR_WANT_READ) peer->state = 2;
      ERR_clear_error();
      return;
    }
    peer->state = 1;
  }
  for (;;) {
    int size = SSL_read(peer->ssl, message, sizeof message);
    if (size > 0) {
      SSL_write(peer->ssl, message, size);
      continue;
    }
    int error = SSL_get_error(peer->ssl, size);
    // close_notify is answered with the same (RFC 5246 7.2.1), as the other servers do.
    if (error == SSL_ERROR_ZERO_RETURN) SSL_shutdown(peer->ssl);
    if (error != SSL_ERROR_WANT_READ) peer->state = 2;
    ERR_clear_error();
    return;
  }
}

static void free_peer(struct peer *peer) {
  SSL_free(peer->ssl);
  free(peer);
}

static void unlink_peer(struct peer *peer) {
  struct peer **link = bucket_of(&peer->address);
  while (*link != peer) link = &(*link)->next_in_bucket;
  *link = peer->next_in_bucket;
}

static void receive(const unsigned char *datagram, size_t size, const struct sockaddr_in *from) {
  struct peer *peer = *bucket_of(from);
  while (peer != NULL && !same_address(&peer->address, from)) peer = peer->next_in_bucket;
  if (peer == NULL) {
    if (datagram[0] != 22) return;
    peer = stranger;
    peer->address = *from;
    peer->channel.input = datagram;
    peer->channel.input_size = size;
    static BIO_ADDR *unused;
    if (unused == NULL) unused = BIO_ADDR_new();
    int heard = DTLSv1_listen(peer->ssl, unused);
    if (heard <= 0) {
      peer->channel.input = NULL;
      ERR_clear_error();
      return;
    }
    stranger = new_stranger();
    peer->started_at = now_ms();
    struct peer **bucket = bucket_of(from);
    peer->next_in_bucket = *bucket;
    *bucket = peer;
    peer->next_handshaking = handshaking;
    handshaking = peer;
  } else {
    peer->channel.input = datagram;
    peer->channel.input_size = size;
  }
  advance(peer);
  peer->channel.input = NULL;
  // One that still stands in the list of handshakes is freed from there.
  if (peer->state == 2 && peer->started_at == 0) {
    unlink_peer(peer);
    free_peer(peer);
  }
}

static void run_timers(double now) {
  struct peer **link = &handshaking;
  while (*link != NULL) {
    struct peer *peer = *link;
    if (peer->state == 0) {
      DTLSv1_handle_timeout(peer->ssl);
      if (now - peer->started_at > HANDSHAKE_TIMEOUT_MS) peer->state = 2;
    }
    if (peer->state == 0) {
      link = &peer->next_handshaking;
      continue;
    }
    *link = peer->next_handshaking;
    peer->started_at = 0;
    if (peer->state == 2) {
      unlink_peer(peer);
      free_peer(peer);
    }
  }
}

static void want_trim(int number) {
  (void)number;
  trim_wanted = 1;
}

int main(int count_of_arguments, char **arguments) {
  if (count_of_arguments != 5) return 2;
  descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0) die("socket");
  int size_of_buffer = 1 << 22;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size_of_buffer, sizeof size_of_buffer);
  struct timeval interval = {.tv_usec = TIMER_INTERVAL_MS * 1000};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &interval, sizeof interval);
  struct sockaddr_in local = target_of(atoi(arguments[1]));
  if (bind(descriptor, (struct sockaddr *)&local, sizeof local) < 0) die("bind");

  context = SSL_CTX_new(DTLS_server_method());
  set_up(context, arguments[2]);
  if (SSL_CTX_use_certificate_file(context, arguments[3], SSL_FILETYPE_PEM) != 1) fail("certificate");
  if (SSL_CTX_use_PrivateKey_file(context, arguments[4], SSL_FILETYPE_PEM) != 1) fail("private key");
  SSL_CTX_set_options(context, SSL_OP_COOKIE_EXCHANGE);
  SSL_CTX_set_cookie_generate_cb(context, make_cookie);
  SSL_CTX_set_cookie_verify_cb(context, check_cookie);
  SSL_CTX_set_psk_server_callback(context, find_psk);
  if (RAND_bytes(cookie_secret, sizeof cookie_secret) != 1) fail("RAND_bytes");
  method = channel_method();
  stranger = new_stranger();
  struct sigaction action = {.sa_handler = want_trim};
  sigaction(SIGUSR2, &action, NULL);
  printf("{\"port\":%d}\n", local_port(descriptor));
  fflush(stdout);

  static unsigned char datagram[LARGEST_DATAGRAM];
  double timers_at = now_ms() + TIMER_INTERVAL_MS;
  for (;;) {
    struct sockaddr_in from;
    socklen_t from_size = sizeof from;
    ssize_t size = recvfrom(descriptor, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &from_size);
    if (size > 0) receive(datagram, (size_t)size, &from);
    double now = now_ms();
    if (now >= timers_at) {
      run_timers(now);
      timers_at = now + TIMER_INTERVAL_MS;
    }
    if (trim_wanted) {
      trim_wanted = 0;
      malloc_trim(0);
    }
  }
}
