// What the load generators share: one UDP socket that sends from, and is reached at, every address of 127.0.0.0/8.
#ifndef LOOPBACK_H
#define LOOPBACK_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

// Addresses of simulated agents begin here: 127.32.0.0, far from 127.0.0.1, where real servers listen.
#define FIRST_ADDRESS 0x7f200000u

static inline void die(const char *what) {
  perror(what);
  exit(1);
}

static inline double now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static inline void sleep_ms(double milliseconds) {
  struct timespec time = {(time_t)(milliseconds / 1e3), (long)(milliseconds * 1e6) % 1000000000L};
  nanosleep(&time, NULL);
}

// xorshift64: fast, and the same in each run.
static uint64_t random_state = 88172645463325252ull;
static inline uint32_t random_u32(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)(random_state >> 16);
}

// A socket on that port of every local address; port 0 lets the system choose.
static inline int open_socket(int port, int receive_buffer) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (descriptor < 0) die("socket");
  int on = 1;
  if (setsockopt(descriptor, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) < 0) die("IP_PKTINFO");
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  int send_buffer = 1 << 22;
  setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
  struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = INADDR_ANY};
  if (bind(descriptor, (struct sockaddr *)&local, sizeof local) < 0) die("bind");
  return descriptor;
}

static inline int local_port(int descriptor) {
  struct sockaddr_in local;
  socklen_t size = sizeof local;
  if (getsockname(descriptor, (struct sockaddr *)&local, &size) < 0) die("getsockname");
  return ntohs(local.sin_port);
}

// 127.0.0.1 at that port: these programs send nowhere else.
static inline struct sockaddr_in target_of(int port) {
  struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(port)};
  target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return target;
}

// Sends from `source`, an address in host order; true when the kernel took it.
static inline int send_from(int descriptor, const struct sockaddr_in *target, uint32_t source, const void *octets,
                            size_t size) {
  char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
  struct iovec vector = {(void *)octets, size};
  struct msghdr message = {.msg_name = (void *)target,
                           .msg_namelen = sizeof *target,
                           .msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = IPPROTO_IP;
  header->cmsg_type = IP_PKTINFO;
  header->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
  struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(header);
  info->ipi_spec_dst.s_addr = htonl(source);
  return sendmsg(descriptor, &message, 0) == (ssize_t)size;
}

static inline void format_address(char *text, uint32_t address) {
  sprintf(text, "%u.%u.%u.%u", address >> 24, (address >> 16) & 255, (address >> 8) & 255, address & 255);
}

#endif
