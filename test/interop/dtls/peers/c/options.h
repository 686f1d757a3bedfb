/* The options of the peers in C, as test/interop/dtls/peers/program-peer.ts gives them, and the lines that they write. */
#ifndef OSGATE_PEER_OPTIONS_H
#define OSGATE_PEER_OPTIONS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAXIMUM_LINE 20000

struct options {
  int is_server, port, suite, mtu, timer;
  const char *openssl_name, *psk_identity, *psk_hint, *certificate, *private_key, *authorities;
  const char *named, *named_certificate, *named_key, *server_name, *session_file, *group;
  int require_client_certificate, no_ems, no_tickets;
  unsigned char psk_key[64];
  size_t psk_key_length;
};

static struct options options;

static void fail(const char *what, int code) {
  printf("ERROR %s: -0x%x (%d)\n", what, -code, code);
  exit(1);
}

static void read_options(int count, char **words) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  options.is_server = count > 1 && strcmp(words[1], "server") == 0;
  options.psk_hint = "";
  for (int i = 2; i + 1 < count; i += 2) {
    const char *name = words[i], *value = words[i + 1];
#define IS(word) (strcmp(name, "--" word) == 0)
    if (IS("port")) options.port = atoi(value);
    else if (IS("suite")) options.suite = (int)strtol(value, NULL, 16);
    else if (IS("suite-name")) continue;
    else if (IS("openssl-name")) options.openssl_name = value;
    else if (IS("mtu")) options.mtu = atoi(value);
    else if (IS("timer")) options.timer = atoi(value);
    else if (IS("psk-identity")) options.psk_identity = value;
    else if (IS("psk-hint")) options.psk_hint = value;
    else if (IS("certificate")) options.certificate = value;
    else if (IS("private-key")) options.private_key = value;
    else if (IS("authorities")) options.authorities = value;
    else if (IS("named")) options.named = value;
    else if (IS("named-certificate")) options.named_certificate = value;
    else if (IS("named-key")) options.named_key = value;
    else if (IS("server-name")) options.server_name = value;
    else if (IS("session-file")) options.session_file = value;
    else if (IS("group")) options.group = value;
    else if (IS("require-client-certificate")) options.require_client_certificate = 1;
    else if (IS("no-ems")) options.no_ems = 1;
    else if (IS("no-tickets")) options.no_tickets = 1;
    else if (IS("psk-key")) {
      for (const char *at = value; at[0] != 0 && at[1] != 0 && options.psk_key_length < sizeof options.psk_key; at += 2) {
        const char octet[3] = {at[0], at[1], 0};
        options.psk_key[options.psk_key_length++] = (unsigned char)strtol(octet, NULL, 16);
      }
    } else {
      printf("ERROR unknown option %s\n", name);
      exit(2);
    }
#undef IS
  }
}

/** A socket of loopback: bound to the port as a server, connected to it as a client. */
static int open_socket(void) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)options.port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int failed = options.is_server ? bind(fd, (struct sockaddr *)&address, sizeof address)
                                 : connect(fd, (struct sockaddr *)&address, sizeof address);
  if (fd < 0 || failed != 0) fail("socket", -errno);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/** Lets the next peer in: waits for a datagram and connects the socket to where it came from. */
static struct sockaddr_in await_peer(int fd) {
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  connect(fd, &none, sizeof none);
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  struct sockaddr_in peer;
  char octet;
  for (;;) {
    socklen_t length = sizeof peer;
    poll(&waiting, 1, -1);
    if (recvfrom(fd, &octet, 1, MSG_PEEK, (struct sockaddr *)&peer, &length) >= 0) break;
  }
  connect(fd, (struct sockaddr *)&peer, sizeof peer);
  return peer;
}

static void print_escaped(const char *name, const char *value) {
  printf(" %s=", name);
  for (; *value != 0; value++) {
    if (*value == ' ' || *value == '%' || *value == '=') printf("%%%02X", (unsigned char)*value);
    else putchar(*value);
  }
}

static void print_received(const char *data, int length) {
  if (length > 0 && data[length - 1] == '\n') length--;
  printf("LINE %.*s\n", length, data);
}

#endif
