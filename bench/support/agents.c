// Simulates agents that each have an address of their own on loopback, all over one socket: some are known already and send a
// MESSAGE every second, the others return all together: MESSAGE, 407, digest, 200, with the retransmissions of RFC 3261 17.1.2.
//   agents PORT FILE KNOWN SPREAD_SECONDS LIMIT_SECONDS
// It warms up for five seconds, in which the known ones authenticate; then the rest begins.
// FILE has a line an agent: user name, HA1 (MD5), public identity. The first KNOWN of them are the known ones. Prints JSON.
#define _GNU_SOURCE
#include <poll.h>

#include "loopback.h"
#include "md5.h"

#define T1 500
#define T2 4000
#define TIMEOUT (64 * T1)
#define WARM_UP 5000
#define WHEEL 65536
#define NO_AGENT (-1)
#define MAXIMUM_SAMPLES 4000000

enum state { WAITING, CHALLENGED_OR_NEW, DONE };

struct agent {
  char user[80];
  char ha1[33];
  char impu[48];
  char nonce[64];
  unsigned nonce_count, sequence, interval;
  double asked_at, sent_at;
  enum state state;
  int next;
  int64_t due;
};

static struct agent *agents;
static int agent_count, known_count;
static int wheel[WHEEL];
static int64_t tick;
static int descriptor, port;
static struct sockaddr_in target;
static double start;

static struct {
  unsigned long sent, ok, timeouts, refused, busy, retransmissions, challenged;
} known, returning;
static float *samples;
static unsigned long sample_count;
static int in_count;
static double last_in, spread;
static int avalanche;

static int64_t ms(void) { return (int64_t)(now_ms() - start); }

// An agent has one timer; the one set last counts.
static void set_timer(int index, int64_t delay) {
  struct agent *agent = &agents[index];
  agent->due = ms() + (delay < 1 ? 1 : delay);
  if (agent->due <= tick) agent->due = tick + 1;
  int *slot = &wheel[agent->due % WHEEL];
  agent->next = *slot;
  *slot = index;
}

static void unset_timer(int index) {
  struct agent *agent = &agents[index];
  if (agent->due == 0) return;
  int *link = &wheel[agent->due % WHEEL];
  while (*link != NO_AGENT && *link != index) link = &agents[*link].next;
  if (*link == index) *link = agent->next;
  agent->due = 0;
}

static void send_request(int index) {
  struct agent *agent = &agents[index];
  uint32_t source = FIRST_ADDRESS + (uint32_t)index;
  char address[16], authorization[600] = "", text[2048];
  format_address(address, source);
  if (agent->nonce[0] != 0) {
    char ha2[33], response[33], joined[300];
    md5_hex("MESSAGE:sip:bob@example.com", ha2);
    snprintf(joined, sizeof joined, "%s:%s:%08x:c%08x:auth:%s", agent->ha1, agent->nonce, agent->nonce_count, index, ha2);
    md5_hex(joined, response);
    snprintf(authorization, sizeof authorization,
             "Proxy-Authorization: Digest username=\"%s\", realm=\"3GPP-bootstrapping@osg.example.com\", nonce=\"%s\", "
             "uri=\"sip:bob@example.com\", response=\"%s\", algorithm=MD5, cnonce=\"c%08x\", qop=auth, nc=%08x\r\n",
             agent->user, agent->nonce, response, index, agent->nonce_count);
  }
  int size = snprintf(text, sizeof text,
                      "MESSAGE sip:bob@example.com SIP/2.0\r\n"
                      "Via: SIP/2.0/UDP %s:%d;branch=z9hG4bK%x.%x;rport\r\n"
                      "Max-Forwards: 70\r\n"
                      "From: <%s>;tag=a%x\r\n"
                      "To: <sip:bob@example.com>\r\n"
                      "Call-ID: agent-%x@%s\r\n"
                      "CSeq: %u MESSAGE\r\n"
                      "Contact: <sip:agent@%s:%d>\r\n%s"
                      "Content-Type: text/plain\r\n"
                      "Content-Length: 5\r\n\r\nhello",
                      address, port, index, agent->sequence, agent->impu, index, index, address, agent->sequence, address,
                      port, authorization);
  // What the kernel does not take is sent again like what the network loses.
  send_from(descriptor, &target, source, text, (size_t)size);
}

static void start_transaction(int index) {
  struct agent *agent = &agents[index];
  agent->sequence++;
  if (agent->nonce[0] != 0) agent->nonce_count++;
  agent->sent_at = now_ms();
  agent->interval = T1;
  agent->state = CHALLENGED_OR_NEW;
  send_request(index);
  unset_timer(index);
  set_timer(index, T1);
}

static void begin(int index) {
  agents[index].asked_at = now_ms();
  if (index < known_count) known.sent++;
  else returning.sent++;
  start_transaction(index);
}

static void on_timer(int index) {
  struct agent *agent = &agents[index];
  int is_known = index < known_count;
  agent->due = 0;
  if (agent->state == DONE) return;
  if (agent->state == WAITING) {
    begin(index);
    return;
  }
  if (now_ms() - agent->sent_at >= TIMEOUT) {
    if (is_known) known.timeouts++;
    else returning.timeouts++;
    agent->state = WAITING;
    set_timer(index, 1000 + random_u32() % 1000);
    return;
  }
  if (is_known) known.retransmissions++;
  else returning.retransmissions++;
  send_request(index);
  agent->interval = agent->interval * 2 > T2 ? T2 : agent->interval * 2;
  set_timer(index, agent->interval);
}

static unsigned number_behind(const char *text, const char *name) {
  const char *found = strcasestr(text, name);
  return found == NULL ? 0 : (unsigned)atoi(found + strlen(name));
}

static void on_response(uint32_t address, const char *text) {
  int index = (int)(address - FIRST_ADDRESS);
  if (index < 0 || index >= agent_count || strncmp(text, "SIP/2.0 ", 8) != 0) return;
  struct agent *agent = &agents[index];
  int is_known = index < known_count;
  int status = atoi(text + 8);
  if (status < 200 || agent->state != CHALLENGED_OR_NEW || number_behind(text, "\r\nCSeq: ") != agent->sequence) return;
  if (status == 407) {
    const char *nonce = strstr(text, "nonce=\"");
    if (nonce == NULL || sscanf(nonce + 7, "%63[^\"]", agent->nonce) != 1) return;
    agent->nonce_count = 0;
    if (is_known) known.challenged++;
    else returning.challenged++;
    start_transaction(index);
    return;
  }
  unset_timer(index);
  if (status == 200) {
    if (is_known) {
      known.ok++;
      if (avalanche && sample_count < MAXIMUM_SAMPLES) samples[sample_count++] = (float)(now_ms() - agent->asked_at);
      agent->state = WAITING;
      double wait = 1000 - (now_ms() - agent->asked_at);
      set_timer(index, (int64_t)wait);
      return;
    }
    returning.ok++;
    agent->state = DONE;
    in_count++;
    last_in = now_ms();
    return;
  }
  unsigned wait = 5;
  if (status == 503) {
    wait = number_behind(text, "\r\nRetry-After: ");
    if (is_known) known.busy++;
    else returning.busy++;
  } else if (is_known) known.refused++;
  else returning.refused++;
  agent->state = WAITING;
  set_timer(index, wait * 1000 + random_u32() % 500);
}

static void receive(void) {
  static char octets[4096];
  char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
  for (int count = 0; count < 256; count++) {
    struct iovec vector = {octets, sizeof octets - 1};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t size = recvmsg(descriptor, &message, 0);
    if (size < 0) return;
    octets[size] = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
      if (header->cmsg_level != IPPROTO_IP || header->cmsg_type != IP_PKTINFO) continue;
      on_response(ntohl(((struct in_pktinfo *)CMSG_DATA(header))->ipi_addr.s_addr), octets);
    }
  }
}

static void run_timers(void) {
  int64_t end = ms();
  while (tick < end) {
    tick++;
    int index = wheel[tick % WHEEL];
    wheel[tick % WHEEL] = NO_AGENT;
    while (index != NO_AGENT) {
      int next = agents[index].next;
      if (agents[index].due > tick) {
        int *slot = &wheel[agents[index].due % WHEEL];
        agents[index].next = *slot;
        *slot = index;
      } else on_timer(index);
      index = next;
    }
  }
}

static void turn(void) {
  struct pollfd poller = {descriptor, POLLIN, 0};
  poll(&poller, 1, 1);
  receive();
  run_timers();
}

static int compare(const void *a, const void *b) {
  float difference = *(const float *)a - *(const float *)b;
  return difference < 0 ? -1 : difference > 0;
}

static float quantile(double share) {
  if (sample_count == 0) return 0;
  unsigned long at = (unsigned long)(share * (double)sample_count);
  return samples[at >= sample_count ? sample_count - 1 : at];
}

int main(int count_of_arguments, char **arguments) {
  if (count_of_arguments != 6) {
    fprintf(stderr, "usage: agents PORT FILE KNOWN SPREAD_SECONDS LIMIT_SECONDS\n");
    return 2;
  }
  target = target_of(atoi(arguments[1]));
  known_count = atoi(arguments[3]);
  spread = atof(arguments[4]) * 1e3;
  double limit = atof(arguments[5]) * 1e3;
  FILE *file = fopen(arguments[2], "r");
  if (file == NULL) die(arguments[2]);
  int room = 0;
  for (;;) {
    if (agent_count == room) agents = realloc(agents, (size_t)(room = room * 2 + 1024) * sizeof *agents);
    struct agent *agent = &agents[agent_count];
    memset(agent, 0, sizeof *agent);
    if (fscanf(file, "%79s %32s %47s", agent->user, agent->ha1, agent->impu) != 3) break;
    agent_count++;
  }
  fclose(file);
  samples = malloc(MAXIMUM_SAMPLES * sizeof *samples);
  for (int slot = 0; slot < WHEEL; slot++) wheel[slot] = NO_AGENT;
  descriptor = open_socket(0, 1 << 22);
  port = local_port(descriptor);
  start = now_ms();
  for (int index = 0; index < known_count; index++) set_timer(index, random_u32() % (WARM_UP / 2));
  while (ms() < WARM_UP) turn();
  memset(&known, 0, sizeof known);

  avalanche = 1;
  double began = now_ms();
  for (int index = known_count; index < agent_count; index++) {
    set_timer(index, (int64_t)(spread * (random_u32() / 4294967296.0)));
  }
  double told = began;
  // Without agents that return, the known ones work for as long as the limit says.
  while ((in_count < agent_count - known_count || agent_count == known_count) && now_ms() - began < limit) {
    turn();
    if (now_ms() - told < 5000) continue;
    told = now_ms();
    fprintf(stderr, "%.0f s: %d agents in, %lu retransmissions, %lu of the known answered\n", (told - began) / 1e3, in_count,
            returning.retransmissions, known.ok);
  }
  // Those of the known who wait for an answer get it.
  double stop = now_ms();
  known_count = known_count > agent_count ? agent_count : known_count;
  while (now_ms() - stop < 2000) turn();
  qsort(samples, sample_count, sizeof *samples, compare);
  printf("{\"agents\":%d,\"in\":%d,\"seconds\":%.2f,\"challenged\":%lu,\"retransmissions\":%lu,\"busy\":%lu,\"refused\":%lu,"
         "\"timeouts\":%lu,\"known\":%d,\"knownSent\":%lu,\"knownOk\":%lu,\"knownFailed\":%lu,\"knownRetransmissions\":%lu,"
         "\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}\n",
         agent_count - known_count, in_count, last_in > 0 ? (last_in - began) / 1e3 : 0, returning.challenged,
         returning.retransmissions, returning.busy, returning.refused, returning.timeouts, known_count, known.sent, known.ok,
         known.timeouts + known.refused + known.busy, known.retransmissions, quantile(0.5), quantile(0.99), quantile(1));
  return 0;
}
