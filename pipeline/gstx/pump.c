#include "pump.h"

#include <math.h>
#include <string.h>

static GstFlowReturn take(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
  pump *p = gst_pad_get_element_private(pad);
  GstMapInfo map;
  if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    size_t n = map.size / sizeof(float);
    if (p->held + n > p->room) {
      p->room = 2 * (p->held + n);
      p->samples = g_realloc_n(p->samples, p->room, sizeof(float));
    }
    if (p->count == p->space) {
      p->space = 2 * p->space + 64;
      p->runs = g_realloc_n(p->runs, p->space, sizeof(pump_run));
    }
    memcpy(p->samples + p->held, map.data, n * sizeof(float));
    p->held += n;
    p->runs[p->count++] = (pump_run){GST_BUFFER_PTS(buffer), (int32_t)n, p->rate};
    gst_buffer_unmap(buffer, &map);
  }
  gst_buffer_unref(buffer);
  return GST_FLOW_OK;
}

static gboolean hear(GstPad *pad, GstObject *parent, GstEvent *event) {
  pump *p = gst_pad_get_element_private(pad);
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
    GstCaps *caps;
    gst_event_parse_caps(event, &caps);
    gst_structure_get_int(gst_caps_get_structure(caps, 0), "rate", &p->rate);
  }
  gst_event_unref(event);
  return TRUE;
}

static void fail(pump *p, const char *reason, const char *detail) {
  if (p->failure == NULL) p->failure = g_strdup_printf("%s (%s)", reason, detail);
}

// Messages are dealt with where they are posted: nobody waits for them, and a bus that nobody reads would keep them all.
static GstBusSyncReply note(GstBus *bus, GstMessage *message, gpointer data) {
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    GError *error = NULL;
    gchar *debug = NULL;
    gst_message_parse_error(message, &error, &debug);
    const char *last = debug ? strrchr(debug, '\n') : NULL; // before it stands where in GStreamer's source that was
    fail(data, error->message, last ? last + 1 : debug ? debug : "");
    g_error_free(error);
    g_free(debug);
  }
  gst_message_unref(message);
  return GST_BUS_DROP;
}

pump *pump_new(const char *chain, const char *caps) {
  pump *p = g_new0(pump, 1);
  GError *error = NULL;
  GstCaps *type = gst_caps_from_string(caps);
  if (type == NULL) {
    fail(p, "the caps cannot be parsed", caps);
    return p;
  }
  GstElement *bin = gst_parse_bin_from_description(chain, TRUE, &error);
  if (bin == NULL) {
    fail(p, error->message, chain);
    g_error_free(error);
    gst_caps_unref(type);
    return p;
  }
  g_clear_error(&error); // something recoverable; the elements are there
  p->bin = gst_object_ref_sink(bin);
  p->bus = gst_bus_new();
  gst_bus_set_sync_handler(p->bus, note, p, NULL);
  gst_element_set_bus(bin, p->bus);
  p->src = gst_pad_new("packets", GST_PAD_SRC);
  p->sink = gst_pad_new("samples", GST_PAD_SINK);
  gst_pad_set_element_private(p->sink, p);
  gst_pad_set_chain_function(p->sink, take);
  gst_pad_set_event_function(p->sink, hear);
  GstPad *in = gst_element_get_static_pad(bin, "sink"), *out = gst_element_get_static_pad(bin, "src");
  gboolean linked = in && out && gst_pad_link(p->src, in) == GST_PAD_LINK_OK && gst_pad_link(out, p->sink) == GST_PAD_LINK_OK;
  if (in) gst_object_unref(in);
  if (out) gst_object_unref(out);
  gst_pad_set_active(p->sink, TRUE);
  gst_pad_set_active(p->src, TRUE);
  if (!linked || gst_element_set_state(bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    fail(p, "the decoder cannot be started", chain);
  } else {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(p->src, gst_event_new_stream_start("sound"));
    if (!gst_pad_push_event(p->src, gst_event_new_caps(type))) fail(p, "the decoder does not take its caps", caps);
    gst_pad_push_event(p->src, gst_event_new_segment(&segment));
  }
  gst_caps_unref(type);
  return p;
}

int pump_push(pump *p, const uint8_t *data, const pump_packet *packets, size_t n) {
  p->held = p->count = 0;
  for (size_t i = 0; i < n; i++) {
    GstBuffer *buffer = gst_buffer_new_memdup(data, packets[i].size);
    data += packets[i].size;
    GST_BUFFER_PTS(buffer) = packets[i].at;
    if (packets[i].duration > 0) GST_BUFFER_DURATION(buffer) = packets[i].duration;
    if (packets[i].discont) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    GstFlowReturn flow = gst_pad_push(p->src, buffer);
    if (flow != GST_FLOW_OK) {
      fail(p, "the decoder has stopped", gst_flow_get_name(flow));
      return 0;
    }
  }
  return 1;
}

void pump_end(pump *p) {
  p->held = p->count = 0;
  gst_pad_push_event(p->src, gst_event_new_eos());
}

void pump_free(pump *p) {
  if (p->bin) {
    gst_element_set_state(p->bin, GST_STATE_NULL);
    gst_pad_set_active(p->src, FALSE);
    gst_pad_set_active(p->sink, FALSE);
    gst_bus_set_sync_handler(p->bus, NULL, NULL, NULL);
    gst_element_set_bus(p->bin, NULL);
    gst_object_unref(p->bin);
    gst_object_unref(p->src);
    gst_object_unref(p->sink);
    gst_object_unref(p->bus);
  }
  g_free(p->samples);
  g_free(p->runs);
  g_free(p->failure);
  g_free(p);
}

// GCC and Clang make one instruction of an operation on four floats, which they may not do with sums in a loop: the order matters there.
typedef float four __attribute__((vector_size(16)));

static float dot(const float *a, const float *b, long n) {
  four sum = {0, 0, 0, 0}, more = {0, 0, 0, 0};
  long i = 0;
  for (; i + 8 <= n; i += 8) {
    four x, y, u, v;
    memcpy(&x, a + i, sizeof x);
    memcpy(&y, b + i, sizeof y);
    memcpy(&u, a + i + 4, sizeof u);
    memcpy(&v, b + i + 4, sizeof v);
    sum += x * y;
    more += u * v;
  }
  sum += more;
  float rest = 0;
  for (; i < n; i++) rest += a[i] * b[i];
  return sum[0] + sum[1] + sum[2] + sum[3] + rest;
}

void resample(const float *x, const float *taps, long size, long origin, long up, long down, long next, int16_t *out, long count) {
  for (long k = 0; k < count; k++, next++) {
    long position = next * down;
    float v = dot(taps + position % up * size, x + position / up - origin, size) * 32768;
    out[k] = (int16_t)lrintf(v < -32768 ? -32768 : v > 32767 ? 32767 : v);
  }
}
