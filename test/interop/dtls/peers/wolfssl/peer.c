/* A DTLS 1.2 echo server and a line client on wolfSSL, for the interoperability tests. */
#include "../c/options.h"

#include <wolfssl/options.h>
#include <wolfssl/ssl.h>

static WOLFSSL_CTX *context;
static WOLFSSL *ssl;
static int fd;

/* What the handshake under way has told. */
static char identity[256];
static char server_name[256];

static void fail_ssl(const char *what, int result) { fail(what, wolfSSL_get_error(ssl, result)); }

#define CHECK(call)                                    \
  do {                                                 \
    int code = (call);                                 \
    if (code != WOLFSSL_SUCCESS) fail(#call, code);    \
  } while (0)

static int receive_datagram(WOLFSSL *connection, char *buffer, int size, void *none) {
  (void)connection, (void)none;
  ssize_t length = recv(fd, buffer, (size_t)size, 0);
  return length < 0 ? WOLFSSL_CBIO_ERR_WANT_READ : (int)length;
}

static int send_datagram(WOLFSSL *connection, char *buffer, int size, void *none) {
  (void)connection, (void)none;
  // What the system refuses, with no one at the other end for instance, counts as lost.
  if (send(fd, buffer, (size_t)size, 0) < 0) return size;
  return size;
}

static unsigned int client_psk(WOLFSSL *connection, const char *hint, char *said, unsigned int said_size,
                               unsigned char *key, unsigned int key_size) {
  (void)connection, (void)hint, (void)key_size;
  snprintf(said, said_size, "%s", options.psk_identity);
  memcpy(key, options.psk_key, options.psk_key_length);
  return (unsigned int)options.psk_key_length;
}

static unsigned int server_psk(WOLFSSL *connection, const char *said, unsigned char *key, unsigned int key_size) {
  (void)connection, (void)key_size;
  snprintf(identity, sizeof identity, "%s", said);
  if (strcmp(said, options.psk_identity) != 0) return 0;
  memcpy(key, options.psk_key, options.psk_key_length);
  return (unsigned int)options.psk_key_length;
}

static int choose_certificate(WOLFSSL *connection, int *alert, void *none) {
  (void)alert, (void)none;
  void *said = NULL;
  unsigned short length = wolfSSL_SNI_GetRequest(connection, WOLFSSL_SNI_HOST_NAME, &said);
  snprintf(server_name, sizeof server_name, "%.*s", length, said == NULL ? "" : (char *)said);
  if (options.named == NULL || strcmp(server_name, options.named) != 0) return 0;
  CHECK(wolfSSL_use_certificate_file(connection, options.named_certificate, WOLFSSL_FILETYPE_PEM));
  CHECK(wolfSSL_use_PrivateKey_file(connection, options.named_key, WOLFSSL_FILETYPE_PEM));
  return 0;
}

static void configure(void) {
  wolfSSL_Init();
  context = wolfSSL_CTX_new(options.is_server ? wolfDTLSv1_2_server_method() : wolfDTLSv1_2_client_method());
  CHECK(wolfSSL_CTX_set_cipher_list(context, options.openssl_name));
  wolfSSL_CTX_SetIORecv(context, receive_datagram);
  wolfSSL_CTX_SetIOSend(context, send_datagram);
  if (options.no_ems) CHECK(wolfSSL_CTX_DisableExtendedMasterSecret(context));
  // Debian builds the library without WOLFSSL_DTLS_MTU.
  if (options.mtu != 0) fail("no MTU can be set", 0);
  if (options.authorities != NULL) CHECK(wolfSSL_CTX_load_verify_locations(context, options.authorities, NULL));
  if (options.certificate != NULL) {
    CHECK(wolfSSL_CTX_use_certificate_chain_file(context, options.certificate));
    CHECK(wolfSSL_CTX_use_PrivateKey_file(context, options.private_key, WOLFSSL_FILETYPE_PEM));
  }
  int verify = WOLFSSL_VERIFY_PEER;
  if (options.is_server)
    verify = options.require_client_certificate ? WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT
                                                : WOLFSSL_VERIFY_NONE;
  wolfSSL_CTX_set_verify(context, verify, NULL);
  // As a server it takes whatever group of its own the client offers.
  if (options.group != NULL && !options.is_server)
    CHECK(wolfSSL_CTX_UseSupportedCurve(context, strcmp(options.group, "x25519") == 0      ? WOLFSSL_ECC_X25519
                                                 : strcmp(options.group, "secp384r1") == 0 ? WOLFSSL_ECC_SECP384R1
                                                                                           : WOLFSSL_ECC_SECP256R1));
  if (options.is_server) {
    wolfSSL_CTX_set_servername_callback(context, choose_certificate);
    if (options.psk_identity != NULL) {
      wolfSSL_CTX_set_psk_server_callback(context, server_psk);
      CHECK(wolfSSL_CTX_use_psk_identity_hint(context, options.psk_hint));
    }
    if (options.no_tickets) wolfSSL_CTX_NoTicketTLSv12(context);
  } else {
    if (options.psk_identity != NULL) wolfSSL_CTX_set_psk_client_callback(context, client_psk);
    if (!options.no_tickets) CHECK(wolfSSL_CTX_UseSessionTicket(context));
    if (options.server_name != NULL)
      CHECK(wolfSSL_CTX_UseSNI(context, WOLFSSL_SNI_HOST_NAME, options.server_name,
                               (unsigned short)strlen(options.server_name)));
  }
}

static void new_session(void) {
  ssl = wolfSSL_new(context);
  if (ssl == NULL) fail("wolfSSL_new", 0);
  wolfSSL_dtls_set_using_nonblock(ssl, 1);
  // The library counts in seconds; we tell it when time is up, so only the number of its doublings matters.
  wolfSSL_dtls_set_timeout_max(ssl, 1 << 20);
  identity[0] = server_name[0] = 0;
}

/** 0 when the session stands. */
static int handshake(void) {
  int wait = options.timer == 0 ? 1000 : options.timer;
  for (;;) {
    int result = options.is_server ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl);
    if (result == WOLFSSL_SUCCESS) return 0;
    int error = wolfSSL_get_error(ssl, result);
    if (error != WOLFSSL_ERROR_WANT_READ && error != WOLFSSL_ERROR_WANT_WRITE) return error;
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    if (poll(&waiting, 1, wait) == 0) {
      if (wait < 1000) wait *= 2;
      int code = wolfSSL_dtls_got_timeout(ssl);
      if (code != WOLFSSL_SUCCESS && code != 0) return wolfSSL_get_error(ssl, code);
    }
  }
}

static void say_established(void) {
  const WOLFSSL_CIPHER *cipher = wolfSSL_get_current_cipher(ssl);
  printf("ESTABLISHED suite=%04x resumed=%d", wolfSSL_CIPHER_get_id(cipher) & 0xffff, wolfSSL_session_reused(ssl));
  WOLFSSL_X509 *peer = wolfSSL_get_peer_certificate(ssl);
  if (peer != NULL) {
    char text[256] = "";
    wolfSSL_X509_NAME_get_text_by_NID(wolfSSL_X509_get_subject_name(peer), NID_commonName, text, sizeof text);
    print_escaped("peer", text);
  }
  if (identity[0] != 0) print_escaped("identity", identity);
  if (server_name[0] != 0) print_escaped("servername", server_name);
  printf("\n");
}

/** Reads what there is; 0 when nothing more has come, 1 at a good end, else an error of the library. */
static int read_all(void) {
  char data[MAXIMUM_LINE];
  for (;;) {
    int length = wolfSSL_read(ssl, data, sizeof data);
    if (length > 0) {
      if (!options.is_server) print_received(data, length);
      else if (wolfSSL_write(ssl, data, length) <= 0) printf("ERROR write\n");
      continue;
    }
    int error = wolfSSL_get_error(ssl, length);
    if (error == WOLFSSL_ERROR_WANT_READ || error == WOLFSSL_ERROR_WANT_WRITE) return 0;
    return error == WOLFSSL_ERROR_ZERO_RETURN ? 1 : error;
  }
}

static void serve(void) {
  printf("LISTENING\n");
  for (;;) {
    await_peer(fd);
    new_session();
    int code = handshake();
    if (code != 0) {
      printf("ERROR handshake %d (%s)\n", code, wolfSSL_ERR_reason_error_string((unsigned long)code));
      wolfSSL_free(ssl);
      continue;
    }
    say_established();
    do {
      struct pollfd waiting = {.fd = fd, .events = POLLIN};
      poll(&waiting, 1, 100);
      code = read_all();
    } while (code == 0);
    if (code == 1) printf("CLOSED well\n");
    else printf("CLOSED badly %d\n", code);
    wolfSSL_shutdown(ssl);
    wolfSSL_free(ssl);
  }
}

static void load_session(void) {
  unsigned char saved[8192];
  const unsigned char *at = saved;
  FILE *file = fopen(options.session_file, "rb");
  if (file == NULL) return;
  size_t length = fread(saved, 1, sizeof saved, file);
  fclose(file);
  WOLFSSL_SESSION *session = wolfSSL_d2i_SSL_SESSION(NULL, &at, (long)length);
  if (session == NULL) fail("session", 0);
  CHECK(wolfSSL_set_session(ssl, session));
}

static void save_session(void) {
  unsigned char *saved = NULL;
  WOLFSSL_SESSION *session = wolfSSL_get1_session(ssl);
  int length = session == NULL ? 0 : wolfSSL_i2d_SSL_SESSION(session, &saved);
  if (length <= 0) fail("session", length);
  FILE *file = fopen(options.session_file, "wb");
  if (file == NULL || fwrite(saved, 1, (size_t)length, file) != (size_t)length || fclose(file) != 0)
    fail("session file", -errno);
}

static void talk(void) {
  new_session();
  if (options.session_file != NULL) load_session();
  int code = handshake();
  if (code != 0) fail("handshake", code);
  if (options.session_file != NULL) save_session();
  say_established();
  char line[MAXIMUM_LINE];
  size_t held = 0;
  for (;;) {
    struct pollfd waiting[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    poll(waiting, 2, 100);
    code = read_all();
    if (code != 0) fail("read", code);
    if (waiting[1].revents == 0) continue;
    ssize_t length = read(0, line + held, sizeof line - held);
    if (length <= 0) break;
    held += (size_t)length;
    for (char *end; (end = memchr(line, '\n', held)) != NULL;) {
      int size = (int)(end - line) + 1;
      int written = wolfSSL_write(ssl, line, size);
      if (written <= 0) fail_ssl("write", written);
      memmove(line, line + size, held -= (size_t)size);
    }
  }
  wolfSSL_shutdown(ssl);
}

int main(int count, char **words) {
  read_options(count, words);
  fd = open_socket();
  configure();
  if (options.is_server) serve();
  else talk();
  return 0;
}
