// A decoder that is driven by the thread that wants its samples: see pump.go.
#ifndef TRIVUE_PUMP_H
#define TRIVUE_PUMP_H

#include <gst/gst.h>
#include <stdint.h>

// A packet to be decoded; times in nanoseconds, 0 for a duration that is not known.
typedef struct {
  uint64_t size, at, duration;
  int32_t discont;
} pump_packet;

// Samples that came out together. at is GST_CLOCK_TIME_NONE where an element has left it out.
typedef struct {
  uint64_t at;
  int32_t samples, rate;
} pump_run;

typedef struct {
  GstElement *bin;
  GstPad *src, *sink;
  GstBus *bus;
  int rate; // of what comes out; 0 before the first caps

  float *samples; // what came out of the last push, runs one behind the other
  size_t held, room;
  pump_run *runs;
  size_t count, space;

  char *failure; // the first error that an element has posted
} pump;

// pump_new makes the chain of elements that is described in gst_parse_launch's language, for packets of the type that caps names. It
// has to give mono F32LE. On failure the result has no bin.
pump *pump_new(const char *chain, const char *caps);

// pump_push decodes packets whose payloads lie one behind the other. What came out replaces what came out before.
int pump_push(pump *p, const uint8_t *data, const pump_packet *packets, size_t n);

// pump_end drains the chain.
void pump_end(pump *p);

void pump_free(pump *p);

// resample computes output samples of a polyphase filter of up phases with size taps each: sample k lies at input position
// (next + k)·down/up, and its first tap falls on x[that − origin].
void resample(const float *x, const float *taps, long size, long origin, long up, long down, long next, int16_t *out, long count);

#endif
