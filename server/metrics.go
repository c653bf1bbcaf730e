package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var requests = promauto.NewHistogramVec(prometheus.HistogramOpts{
	Name: "trivue_http_request_seconds", Help: "Duration of HTTP requests, by kind and status.", Buckets: []float64{.005, .02, .1, .5, 2, 10, 60},
}, []string{"area", "method", "status"})

var stageRuns = promauto.NewHistogramVec(prometheus.HistogramOpts{
	Name: "trivue_stage_run_seconds", Help: "Duration of runs of stages of media work, by stage and outcome.", Buckets: []float64{.1, .5, 2, 10, 30, 120, 600, 3600},
}, []string{"stage", "outcome"})

// ObserveStage counts a run of a stage.
func ObserveStage(stage, outcome string, took time.Duration) {
	stageRuns.WithLabelValues(stage, outcome).Observe(took.Seconds())
}

// QueueDepth is the number of tasks of a queue in one state.
type QueueDepth struct {
	Queue, State string
	Tasks        int
}

// queueDepth asks for the depths when metrics are asked for.
type queueDepth struct {
	ask func() ([]QueueDepth, error)
}

var queueTasks = prometheus.NewDesc("trivue_queue_tasks", "Tasks of stages in the queue, by queue and state.", []string{"queue", "state"}, nil)

// QueueMetrics gives the depths of queues as metrics. Where they cannot be asked for, the other metrics are still given.
func QueueMetrics(ask func() ([]QueueDepth, error)) prometheus.Gatherer {
	registry := prometheus.NewRegistry()
	registry.MustRegister(queueDepth{ask})
	return registry
}

// Describe implements prometheus.Collector.
func (q queueDepth) Describe(to chan<- *prometheus.Desc) { to <- queueTasks }

// Collect implements prometheus.Collector.
func (q queueDepth) Collect(to chan<- prometheus.Metric) {
	depths, err := q.ask()
	if err != nil {
		to <- prometheus.NewInvalidMetric(queueTasks, err)
		return
	}
	for _, d := range depths {
		to <- prometheus.MustNewConstMetric(queueTasks, prometheus.GaugeValue, float64(d.Tasks), d.Queue, d.State)
	}
}
