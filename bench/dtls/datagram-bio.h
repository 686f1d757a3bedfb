// What the load generator and the OpenSSL server share: a BIO that is one datagram in and a function out, so that one
// socket carries the records of many peers.
#ifndef DATAGRAM_BIO_H
#define DATAGRAM_BIO_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Both peers of these programs are on one machine, and no network is between them.
#define PATH_MTU 1400
#define LARGEST_DATAGRAM 65536

struct channel {
  // The datagram that waits to be read; NULL when there is none. It stays the caller's.
  const unsigned char *input;
  size_t input_size;
  int peek;
  void (*send)(void *owner, const void *octets, size_t size);
  void *owner;
};

static int channel_write(BIO *bio, const char *octets, int size) {
  struct channel *channel = BIO_get_data(bio);
  channel->send(channel->owner, octets, (size_t)size);
  return size;
}

static int channel_read(BIO *bio, char *octets, int room) {
  struct channel *channel = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (channel->input == NULL) {
    BIO_set_retry_read(bio);
    return -1;
  }
  int size = channel->input_size < (size_t)room ? (int)channel->input_size : room;
  memcpy(octets, channel->input, (size_t)size);
  if (!channel->peek) channel->input = NULL;
  return size;
}

static long channel_control(BIO *bio, int command, long number, void *pointer) {
  (void)pointer;
  struct channel *channel = BIO_get_data(bio);
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
    case BIO_CTRL_DGRAM_SET_PEER:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return PATH_MTU;
    case BIO_CTRL_DGRAM_SET_PEEK_MODE:
      channel->peek = (int)number;
      return 1;
    default:
      return 0;
  }
}

static inline BIO_METHOD *channel_method(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "channel");
  BIO_meth_set_write(method, channel_write);
  BIO_meth_set_read(method, channel_read);
  BIO_meth_set_ctrl(method, channel_control);
  return method;
}

static inline void fail(const char *what) {
  fprintf(stderr, "%s failed\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

// An SSL that reads from and writes to the channel, which must outlive it.
static inline SSL *open_ssl(SSL_CTX *context, BIO_METHOD *method, struct channel *channel) {
  SSL *ssl = SSL_new(context);
  BIO *bio = BIO_new(method);
  if (ssl == NULL || bio == NULL) fail("SSL_new");
  BIO_set_data(bio, channel);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
  DTLS_set_link_mtu(ssl, PATH_MTU);
  return ssl;
}

// What is the same at both ends: DTLS 1.2, one suite, P-256, no resumption.
static inline void set_up(SSL_CTX *context, const char *suite) {
  char list[128];
  // Level 0 for CCM_8, whose tag of 64 bits later releases of OpenSSL hold to be too weak for level 1.
  snprintf(list, sizeof list, "%s:@SECLEVEL=0", suite);
  SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_set_cipher_list(context, list) != 1) fail("SSL_CTX_set_cipher_list");
  if (SSL_CTX_set1_groups_list(context, "P-256") != 1) fail("SSL_CTX_set1_groups_list");
}

// The key that all three servers know, of whoever asks.
static const unsigned char PSK[16] = {0x6f, 0x73, 0x67, 0x61, 0x74, 0x65, 0x2d, 0x62,
                                      0x65, 0x6e, 0x63, 0x68, 0x2d, 0x70, 0x73, 0x6b};

#endif
