/* A DTLS 1.2 echo server and a line client on mbedTLS, for the interoperability tests. */
#include "../c/options.h"

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/oid.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/timing.h>

static mbedtls_entropy_context entropy;
static mbedtls_ctr_drbg_context drbg;
static mbedtls_ssl_config config;
static mbedtls_ssl_context ssl;
static mbedtls_timing_delay_context delay;
static mbedtls_net_context net;
static mbedtls_ssl_cookie_ctx cookies;
static mbedtls_ssl_cache_context cache;
static mbedtls_ssl_ticket_context tickets;
static mbedtls_x509_crt own, named, authorities;
static mbedtls_pk_context own_key, named_key;
static mbedtls_ecp_group_id groups[2];
static int suites[2];

/* What the handshake under way has told. */
static int resumed;
static char identity[256], server_name[256];

#define CHECK(call)                       \
  do {                                    \
    int code = (call);                    \
    if (code != 0) fail(#call, code);     \
  } while (0)

static int get_cached(void *context, mbedtls_ssl_session *session) {
  int code = mbedtls_ssl_cache_get(context, session);
  if (code == 0) resumed = 1;
  return code;
}

static int parse_ticket(void *context, mbedtls_ssl_session *session, unsigned char *ticket, size_t length) {
  int code = mbedtls_ssl_ticket_parse(context, session, ticket, length);
  if (code == 0) resumed = 1;
  return code;
}

static int find_psk(void *context, mbedtls_ssl_context *connection, const unsigned char *said, size_t length) {
  (void)context;
  snprintf(identity, sizeof identity, "%.*s", (int)length, said);
  if (strcmp(identity, options.psk_identity) != 0) return -1;
  return mbedtls_ssl_set_hs_psk(connection, options.psk_key, options.psk_key_length);
}

static int choose_certificate(void *context, mbedtls_ssl_context *connection, const unsigned char *said, size_t length) {
  (void)context;
  snprintf(server_name, sizeof server_name, "%.*s", (int)length, said);
  if (options.named == NULL || strcmp(server_name, options.named) != 0) return 0;
  return mbedtls_ssl_set_hs_own_cert(connection, &named, &named_key);
}

static void configure(void) {
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&drbg);
  mbedtls_ssl_config_init(&config);
  CHECK(mbedtls_ctr_drbg_seed(&drbg, mbedtls_entropy_func, &entropy, NULL, 0));
  CHECK(mbedtls_ssl_config_defaults(&config, options.is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                    MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT));
  mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &drbg);
  mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
  suites[0] = options.suite;
  mbedtls_ssl_conf_ciphersuites(&config, suites);
  if (options.timer != 0) mbedtls_ssl_conf_handshake_timeout(&config, (uint32_t)options.timer, 10000);
  if (options.no_ems) mbedtls_ssl_conf_extended_master_secret(&config, MBEDTLS_SSL_EXTENDED_MS_DISABLED);
  if (options.group != NULL) {
    groups[0] = strcmp(options.group, "x25519") == 0      ? MBEDTLS_ECP_DP_CURVE25519
                : strcmp(options.group, "secp384r1") == 0 ? MBEDTLS_ECP_DP_SECP384R1
                                                          : MBEDTLS_ECP_DP_SECP256R1;
    mbedtls_ssl_conf_curves(&config, groups);
  }
  mbedtls_ssl_conf_authmode(&config, options.is_server && !options.require_client_certificate
                                         ? MBEDTLS_SSL_VERIFY_NONE
                                         : MBEDTLS_SSL_VERIFY_REQUIRED);
  if (options.authorities != NULL) {
    mbedtls_x509_crt_init(&authorities);
    CHECK(mbedtls_x509_crt_parse_file(&authorities, options.authorities));
    mbedtls_ssl_conf_ca_chain(&config, &authorities, NULL);
  }
  if (options.certificate != NULL) {
    mbedtls_x509_crt_init(&own);
    mbedtls_pk_init(&own_key);
    CHECK(mbedtls_x509_crt_parse_file(&own, options.certificate));
    CHECK(mbedtls_pk_parse_keyfile(&own_key, options.private_key, NULL));
    CHECK(mbedtls_ssl_conf_own_cert(&config, &own, &own_key));
  }
  if (options.named != NULL) {
    mbedtls_x509_crt_init(&named);
    mbedtls_pk_init(&named_key);
    CHECK(mbedtls_x509_crt_parse_file(&named, options.named_certificate));
    CHECK(mbedtls_pk_parse_keyfile(&named_key, options.named_key, NULL));
  }
  mbedtls_ssl_conf_session_tickets(&config, options.no_tickets ? MBEDTLS_SSL_SESSION_TICKETS_DISABLED
                                                               : MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
  if (!options.is_server) {
    if (options.psk_identity != NULL)
      CHECK(mbedtls_ssl_conf_psk(&config, options.psk_key, options.psk_key_length,
                                 (const unsigned char *)options.psk_identity, strlen(options.psk_identity)));
    return;
  }
  mbedtls_ssl_conf_sni(&config, choose_certificate, NULL);
  if (options.psk_identity != NULL) mbedtls_ssl_conf_psk_cb(&config, find_psk, NULL);
  mbedtls_ssl_cookie_init(&cookies);
  CHECK(mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &drbg));
  mbedtls_ssl_conf_dtls_cookies(&config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookies);
  mbedtls_ssl_cache_init(&cache);
  mbedtls_ssl_conf_session_cache(&config, &cache, get_cached, mbedtls_ssl_cache_set);
  if (!options.no_tickets) {
    mbedtls_ssl_ticket_init(&tickets);
    CHECK(mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &drbg, MBEDTLS_CIPHER_AES_256_GCM, 3600));
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, parse_ticket, &tickets);
  }
}

static void say_established(void) {
  printf("ESTABLISHED suite=%04x resumed=%d", mbedtls_ssl_get_ciphersuite_id(mbedtls_ssl_get_ciphersuite(&ssl)), resumed);
  const mbedtls_x509_crt *peer = mbedtls_ssl_get_peer_cert(&ssl);
  if (peer != NULL) {
    mbedtls_x509_name subject = peer->subject;
    const mbedtls_asn1_named_data *common =
        mbedtls_asn1_find_named_data(&subject, MBEDTLS_OID_AT_CN, MBEDTLS_OID_SIZE(MBEDTLS_OID_AT_CN));
    char text[256] = "";
    if (common != NULL) snprintf(text, sizeof text, "%.*s", (int)common->val.len, common->val.p);
    print_escaped("peer", text);
  }
  if (identity[0] != 0) print_escaped("identity", identity);
  if (server_name[0] != 0) print_escaped("servername", server_name);
  printf("\n");
}

/** Reads what there is; 0 when nothing more has come, else what mbedTLS says. */
static int read_all(int is_server) {
  unsigned char data[MAXIMUM_LINE];
  for (;;) {
    int length = mbedtls_ssl_read(&ssl, data, sizeof data);
    if (length > 0) {
      if (is_server) {
        int written = mbedtls_ssl_write(&ssl, data, (size_t)length);
        if (written < 0) printf("ERROR write -0x%x\n", -written);
      } else print_received((const char *)data, length);
    } else if (length == MBEDTLS_ERR_SSL_WANT_READ || length == MBEDTLS_ERR_SSL_WANT_WRITE ||
               length == MBEDTLS_ERR_SSL_TIMEOUT) return 0;
    else return length == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : length;
  }
}

static int handshake(void) {
  for (;;) {
    int code = mbedtls_ssl_handshake(&ssl);
    if (code != MBEDTLS_ERR_SSL_WANT_READ && code != MBEDTLS_ERR_SSL_WANT_WRITE) return code;
    struct pollfd waiting = {.fd = net.fd, .events = POLLIN};
    poll(&waiting, 1, 10);
  }
}

static void serve(void) {
  printf("LISTENING\n");
  for (;;) {
    struct sockaddr_in peer = await_peer(net.fd);
    int code;
    do {
      CHECK(mbedtls_ssl_session_reset(&ssl));
      CHECK(mbedtls_ssl_set_client_transport_id(&ssl, (const unsigned char *)&peer, sizeof peer));
      resumed = 0;
      identity[0] = server_name[0] = 0;
      code = handshake();
    } while (code == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED);
    if (code != 0) {
      printf("ERROR handshake -0x%x\n", -code);
      continue;
    }
    say_established();
    do {
      struct pollfd waiting = {.fd = net.fd, .events = POLLIN};
      poll(&waiting, 1, 100);
      code = read_all(1);
    } while (code == 0);
    if (code == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) printf("CLOSED well\n");
    else printf("CLOSED badly -0x%x\n", -code);
    mbedtls_ssl_close_notify(&ssl);
  }
}

static void load_session(unsigned char master[48]) {
  unsigned char saved[8192];
  FILE *file = fopen(options.session_file, "rb");
  if (file == NULL) return;
  size_t length = fread(saved, 1, sizeof saved, file);
  fclose(file);
  mbedtls_ssl_session session;
  mbedtls_ssl_session_init(&session);
  CHECK(mbedtls_ssl_session_load(&session, saved, length));
  memcpy(master, session.master, 48);
  CHECK(mbedtls_ssl_set_session(&ssl, &session));
}

static void save_session(const unsigned char loaded[48]) {
  unsigned char saved[8192];
  size_t length;
  mbedtls_ssl_session session;
  mbedtls_ssl_session_init(&session);
  CHECK(mbedtls_ssl_get_session(&ssl, &session));
  // The library does not say it, but only a resumed session has the secret of the one before.
  resumed = memcmp(loaded, session.master, 48) == 0;
  if (options.session_file == NULL) return;
  CHECK(mbedtls_ssl_session_save(&session, saved, sizeof saved, &length));
  FILE *file = fopen(options.session_file, "wb");
  if (file == NULL || fwrite(saved, 1, length, file) != length || fclose(file) != 0) fail("session file", -errno);
}

static void talk(void) {
  unsigned char master[48] = {0};
  if (options.server_name != NULL) CHECK(mbedtls_ssl_set_hostname(&ssl, options.server_name));
  if (options.session_file != NULL) load_session(master);
  CHECK(handshake());
  save_session(master);
  say_established();
  char line[MAXIMUM_LINE];
  size_t held = 0;
  for (;;) {
    struct pollfd waiting[2] = {{.fd = net.fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    poll(waiting, 2, 100);
    int code = read_all(0);
    if (code != 0) fail("read", code);
    if (waiting[1].revents == 0) continue;
    ssize_t length = read(0, line + held, sizeof line - held);
    if (length <= 0) break;
    held += (size_t)length;
    for (char *end; (end = memchr(line, '\n', held)) != NULL;) {
      size_t size = (size_t)(end - line) + 1;
      int written = mbedtls_ssl_write(&ssl, (const unsigned char *)line, size);
      if (written < 0) fail("write", written);
      memmove(line, line + size, held -= size);
    }
  }
  CHECK(mbedtls_ssl_close_notify(&ssl));
}

int main(int count, char **words) {
  read_options(count, words);
  configure();
  mbedtls_net_init(&net);
  net.fd = open_socket();
  mbedtls_ssl_init(&ssl);
  CHECK(mbedtls_ssl_setup(&ssl, &config));
  if (options.mtu != 0) mbedtls_ssl_set_mtu(&ssl, (uint16_t)options.mtu);
  mbedtls_ssl_set_timer_cb(&ssl, &delay, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
  mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
  if (options.is_server) serve();
  else talk();
  return 0;
}
