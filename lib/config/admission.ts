import { count, integer, milliseconds, section } from './values.ts';

/** The `admission` group of a gateway: docs/admission.md says what each bound is for. */
export function admissionSection() {
  return section({
    strangers: strangers()
      .prefault({})
      .describe('Datagrams from sources that have not authenticated; what is beyond is dropped without an answer.'),
    known: known().prefault({}).describe('Flows, each an address and a port, that have authenticated.'),
    queue: queue().prefault({}).describe('Where datagrams of strangers wait.'),
    ban: ban().prefault({}).describe('Strangers with bad credentials are not listened to for a while.'),
    overload: overload()
      .prefault({})
      .describe('New requests are answered 503 at a growing share. Dialogs and emergencies go on.'),
    challengeAmplificationLimit: integer(1, 100)
      .default(2)
      .describe(
        'Octets of a challenge for each octet of a request over UDP from a stranger; a challenge that would be larger is shortened.',
      ),
  });
}

function strangers() {
  return section({
    flowPerSecond: count().default(50).describe('Datagrams a second of one address and port.'),
    flowBurst: count().default(200).describe('Datagrams of one address and port at once, after a pause.'),
    addressPerSecond: count()
      .default(5000)
      .describe('Datagrams a second of one IPv4 address or IPv6 /64; a whole town may be behind one.'),
    addressBurst: count().default(10_000).describe('Datagrams of one address at once, after a pause.'),
    buckets: integer(64, 16_777_216)
      .default(65_536)
      .describe('Token buckets in each row of each table, rounded up to a power of two; sources share them.'),
  });
}

function known() {
  return section({
    maximumFlows: integer(1, 16_777_216)
      .default(200_000)
      .describe('Flows known at once; beyond that, flows stay strangers.'),
    seconds: integer(1, 604_800)
      .default(3600)
      .describe('How long a flow stays known after its last authenticated request.'),
    perSecond: count()
      .default(1000)
      .describe('Datagrams a second of one known flow that do not wait; what is beyond waits among strangers.'),
    burst: count().default(2000).describe('Datagrams of one known flow at once, after a pause.'),
  });
}

function queue() {
  return section({
    maximumDatagrams: integer(1, 1_048_576)
      .default(4096)
      .describe('Datagrams that wait in each of the two lanes; beyond that new ones are dropped.'),
    maximumBytes: integer(65_535, 1_000_000_000)
      .default(16_777_216)
      .describe('Octets that wait; beyond that new datagrams are dropped.'),
    maximumAgeMilliseconds: milliseconds()
      .default(250)
      .describe('What has waited longer is dropped: its sender repeats it after T1, 500 ms, anyway.'),
    sliceMicroseconds: integer(50, 100_000)
      .default(1000)
      .describe('How long strangers are served in one turn of the event loop, before all others are.'),
    challengedSeconds: integer(1, 60)
      .default(5)
      .describe('How long a challenge puts a source into the lane that is served first.'),
  });
}

function ban() {
  return section({
    flowScore: count()
      .default(100)
      .describe('Score of one address and port that bans it: a wrong key adds 4, an unknown user 2, a replay 1.'),
    addressScore: count()
      .default(1000)
      .describe('Score of one IPv4 address or IPv6 /64 that bans all its strangers; each success takes 4 off.'),
    halfLifeSeconds: integer(1, 86_400).default(60).describe('The time in which half of a score is forgotten.'),
    seconds: integer(1, 86_400).default(60).describe('How long a ban lasts.'),
    maximumSources: integer(1, 16_777_216)
      .default(32_768)
      .describe('Flows, and as many addresses, whose scores are kept at once.'),
  });
}

function overload() {
  return section({
    delayMilliseconds: milliseconds().default(100).describe('Lateness of the event loop at which refusals begin.'),
    maximumDelayMilliseconds: milliseconds()
      .default(1000)
      .describe('Lateness of the event loop at which every new request is refused.'),
    tableFillPercent: integer(1, 99)
      .default(80)
      .describe('Fill of the tables of transactions and nonces at which refusals begin.'),
    retryAfterMinimumSeconds: integer(1, 3600).default(5).describe('The shortest Retry-After.'),
    retryAfterMaximumSeconds: integer(1, 3600)
      .default(30)
      .describe('The longest Retry-After; each refusal has one between, at random.'),
  });
}
