#define _GNU_SOURCE
// The cheapest application server that is one: answers every request with 200, until it is killed.
//   answerer PORT
#include "loopback.h"

// Copies the field, line break included, that begins at `field`; folded lines do not come from our gateway.
static char *copy_line(char *out, const char *field, const char *end) {
  const char *stop = memmem(field, (size_t)(end - field), "\r\n", 2);
  if (stop == NULL) return out;
  memcpy(out, field, (size_t)(stop - field));
  return out + (stop - field);
}

int main(int count_of_arguments, char **arguments) {
  if (count_of_arguments != 2) return 2;
  int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  if (descriptor < 0) die("socket");
  int size_of_buffer = 1 << 22;
  setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size_of_buffer, sizeof size_of_buffer);
  struct sockaddr_in local = target_of(atoi(arguments[1]));
  if (bind(descriptor, (struct sockaddr *)&local, sizeof local) < 0) die("bind");
  static char request[65536], response[70000];
  for (;;) {
    struct sockaddr_in peer;
    socklen_t peer_size = sizeof peer;
    ssize_t size = recvfrom(descriptor, request, sizeof request, 0, (struct sockaddr *)&peer, &peer_size);
    if (size <= 0 || memcmp(request, "SIP/", size < 4 ? (size_t)size : 4) == 0) continue;
    const char *end = request + size;
    char *out = response + sprintf(response, "SIP/2.0 200 OK\r\n");
    const char *line = memmem(request, (size_t)size, "\r\n", 2);
    while (line != NULL && line + 4 <= end && memcmp(line, "\r\n\r\n", 4) != 0) {
      const char *field = line + 2;
      size_t left = (size_t)(end - field);
      int is_to = left > 3 && memcmp(field, "To:", 3) == 0;
      if (is_to || (left > 8 && (memcmp(field, "Via:", 4) == 0 || memcmp(field, "From:", 5) == 0 ||
                                 memcmp(field, "Call-ID:", 8) == 0 || memcmp(field, "CSeq:", 5) == 0))) {
        out = copy_line(out, field, end);
        if (is_to) out += sprintf(out, ";tag=answerer");
        out += sprintf(out, "\r\n");
      }
      line = memmem(field, left, "\r\n", 2);
    }
    out += sprintf(out, "Content-Length: 0\r\n\r\n");
    sendto(descriptor, response, (size_t)(out - response), 0, (struct sockaddr *)&peer, peer_size);
  }
}
