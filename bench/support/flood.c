#define _GNU_SOURCE
// Floods a SIP port of 127.0.0.1 from many addresses and ports, with a number of datagrams that is known beforehand.
//   flood PORT COUNT RATE SOCKETS ADDRESSES KINDS
// RATE: datagrams a second, 0 for as fast as it goes. KINDS: letters that are gone through in turn: g garbage, t truncated
// SIP, s an unauthenticated MESSAGE. Prints what it sent and what came back, as JSON.
#include "loopback.h"

#define MAXIMUM_COUNT 5000000
#define MAXIMUM_SOCKETS 1024

static char message[2048];

static size_t make_message(uint32_t source, int port, unsigned number) {
  char address[16];
  format_address(address, source);
  return (size_t)sprintf(message,
                         "MESSAGE sip:bob@example.com SIP/2.0\r\n"
                         "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bKflood%08x%08x;rport\r\n"
                         "Max-Forwards: 70\r\n"
                         "From: <sip:user%u@example.com>;tag=f%08x\r\n"
                         "To: <sip:bob@example.com>\r\n"
                         "Call-ID: flood-%08x-%08x@%s\r\n"
                         "CSeq: 1 MESSAGE\r\n"
                         "Contact: <sip:agent@%s:%d>\r\n"
                         "Content-Type: text/plain\r\n"
                         "Content-Length: 5\r\n\r\nhello",
                         address, port, number, random_u32(), number, random_u32(), number, random_u32(), address,
                         address, port);
}

static size_t make_garbage(void) {
  size_t size = 20 + random_u32() % 600;
  for (size_t index = 0; index < size; index++) message[index] = (char)random_u32();
  return size;
}

static unsigned long received;
static unsigned long statuses[7];

static void drain(int descriptor) {
  char octets[2048];
  for (;;) {
    ssize_t size = recv(descriptor, octets, sizeof octets, 0);
    if (size < 0) return;
    received++;
    if (size > 12 && memcmp(octets, "SIP/2.0 ", 8) == 0 && octets[8] >= '1' && octets[8] <= '6') statuses[octets[8] - '0']++;
  }
}

int main(int count_of_arguments, char **arguments) {
  if (count_of_arguments != 7) {
    fprintf(stderr, "usage: flood PORT COUNT RATE SOCKETS ADDRESSES KINDS\n");
    return 2;
  }
  struct sockaddr_in target = target_of(atoi(arguments[1]));
  unsigned count = (unsigned)atoi(arguments[2]);
  double rate = atof(arguments[3]);
  unsigned sockets = (unsigned)atoi(arguments[4]);
  unsigned addresses = (unsigned)atoi(arguments[5]);
  const char *kinds = arguments[6];
  size_t kind_count = strlen(kinds);
  if (count > MAXIMUM_COUNT || sockets < 1 || sockets > MAXIMUM_SOCKETS || addresses < 1 || kind_count < 1) return 2;

  int descriptors[MAXIMUM_SOCKETS];
  int ports[MAXIMUM_SOCKETS];
  for (unsigned index = 0; index < sockets; index++) {
    descriptors[index] = open_socket(0, 1 << 20);
    ports[index] = local_port(descriptors[index]);
  }
  unsigned long sent = 0, errors = 0, octets = 0, by_kind[128] = {0};
  double start = now_ms();
  for (unsigned number = 0; number < count; number++) {
    unsigned which = number % sockets;
    uint32_t source = FIRST_ADDRESS + (number / sockets) % addresses;
    char kind = kinds[number % kind_count];
    size_t size;
    if (kind == 'g') size = make_garbage();
    else {
      size = make_message(source, ports[which], number);
      if (kind == 't') size = 20 + random_u32() % (size - 40);
    }
    // A full buffer of the sender is no loss of the receiver: wait and send again.
    while (!send_from(descriptors[which], &target, source, message, size)) {
      if (errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED) die("sendmsg");
      if (errno == ECONNREFUSED) { errors++; continue; }
      sleep_ms(0.2);
    }
    sent++;
    octets += size;
    by_kind[(unsigned char)kind & 127]++;
    drain(descriptors[which]);
    if (rate > 0 && number % 16 == 15) {
      double ahead = start + number * 1e3 / rate - now_ms();
      if (ahead > 0.5) sleep_ms(ahead);
    }
  }
  double seconds = (now_ms() - start) / 1e3;
  // What is still on its way.
  for (int round = 0; round < 50; round++) {
    sleep_ms(20);
    for (unsigned index = 0; index < sockets; index++) drain(descriptors[index]);
  }
  printf("{\"sent\":%lu,\"octets\":%lu,\"errors\":%lu,\"garbage\":%lu,\"truncated\":%lu,\"sip\":%lu,\"seconds\":%.3f,"
         "\"received\":%lu,\"received4xx\":%lu,\"received5xx\":%lu}\n",
         sent, octets, errors, by_kind['g'], by_kind['t'], by_kind['s'], seconds, received, statuses[4], statuses[5]);
  return 0;
}
