// MD5 (RFC 1321), for digest credentials in a load generator.
#ifndef MD5_H
#define MD5_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t md5_table[64];
static const int md5_shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static void md5_block(uint32_t state[4], const unsigned char *block) {
  uint32_t words[16];
  memcpy(words, block, 64);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  for (int step = 0; step < 64; step++) {
    uint32_t mixed;
    int word;
    switch (step / 16) {
      case 0: mixed = (b & c) | (~b & d); word = step; break;
      case 1: mixed = (d & b) | (~d & c); word = (5 * step + 1) % 16; break;
      case 2: mixed = b ^ c ^ d; word = (3 * step + 5) % 16; break;
      default: mixed = c ^ (b | ~d); word = (7 * step) % 16; break;
    }
    uint32_t sum = a + mixed + md5_table[step] + words[word];
    int shift = md5_shifts[step / 16][step % 4];
    a = d;
    d = c;
    c = b;
    b += (sum << shift) | (sum >> (32 - shift));
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
}

// Writes 32 hexadecimal digits and a zero. On a little-endian machine, for texts below 4 KB.
static void md5_hex(const char *text, char hex[33]) {
  if (md5_table[0] == 0) {
    for (int step = 0; step < 64; step++) md5_table[step] = (uint32_t)(fabs(sin(step + 1)) * 4294967296.0);
  }
  static unsigned char padded[4096 + 128];
  size_t size = strlen(text);
  size_t total = (size + 8) / 64 * 64 + 64;
  memset(padded, 0, total);
  memcpy(padded, text, size);
  padded[size] = 0x80;
  uint64_t bits = (uint64_t)size * 8;
  memcpy(padded + total - 8, &bits, 8);
  uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  for (size_t offset = 0; offset < total; offset += 64) md5_block(state, padded + offset);
  const unsigned char *octets = (const unsigned char *)state;
  for (int index = 0; index < 16; index++) sprintf(hex + index * 2, "%02x", octets[index]);
}

#endif
