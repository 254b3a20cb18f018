package caddyrec

import (
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/caddyrec/caddyrec/record"
)

// metrics are the process's: Caddy has a registry for each configuration, and
// a gateway outlives configurations. No label comes from a request.
var metrics = struct {
	records     *prometheus.CounterVec
	bytes       *prometheus.CounterVec
	commit      *prometheus.HistogramVec
	failures    *prometheus.CounterVec
	refusals    *prometheus.CounterVec
	problems    *prometheus.CounterVec
	checkpoints *prometheus.GaugeVec
	keys        *prometheus.CounterVec
}{
	records: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "caddyrec_records_total",
		Help: "Records made durable, by type."}, []string{"log", "type"}),
	bytes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "caddyrec_written_bytes_total",
		Help: "Bytes of records made durable."}, []string{"log"}),
	commit: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "caddyrec_commit_seconds",
		Help:    "Time the disk took to make a batch of records durable.",
		Buckets: []float64{.00005, .0001, .0002, .0005, .001, .002, .005, .01, .05, .1, .5, 1, 5}}, []string{"log"}),
	failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "caddyrec_commit_failures_total",
		Help: "Records that could not be made durable, by reason; each is a request answered with 503, or an event not recorded."}, []string{"log", "reason"}),
	refusals: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "caddyrec_refusals_total",
		Help: "Requests refused by a directive, by reason."}, []string{"log", "by", "reason"}),
	problems: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "caddyrec_ledger_problems_total",
		Help: "Problems that did not stop the ledger: a failed seal, a segment given up, a damaged sealed segment. The log tells which."}, []string{"log"}),
	checkpoints: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "caddyrec_checkpoint_timestamp_seconds",
		Help: "When the newest checkpoint was signed, in seconds since 1970."}, []string{"log"}),
	keys: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "caddyrec_provisioning_keys_total",
		Help: "Events of provisioning keys, by the type of their record, and the reason of refusals and anomalies."}, []string{"log", "event", "reason"}),
}

// registerMetrics adds them to a configuration's registry. The same instances
// are in the registries of all configurations.
func registerMetrics(registry prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{metrics.records, metrics.bytes, metrics.commit, metrics.failures,
		metrics.refusals, metrics.problems, metrics.checkpoints, metrics.keys, standing{}} {
		var twice prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &twice) {
			return err
		}
	}
	return nil
}

// meters counts the gateways of each log's name: two stores may each have one.
var meters = struct {
	sync.Mutex
	of map[string]int
}{of: map[string]int{}}

// meter is a gateway's part of the metrics, looked up once. Its series are there
// until it is closed.
type meter struct {
	log      string
	records  map[record.Type]prometheus.Counter
	bytes    prometheus.Counter
	commit   prometheus.Observer
	problems prometheus.Counter
	signed   prometheus.Gauge
}

func newMeter(log string) meter {
	meters.Lock()
	defer meters.Unlock()
	meters.of[log]++
	m := meter{
		log: log, records: make(map[record.Type]prometheus.Counter), bytes: metrics.bytes.WithLabelValues(log), commit: metrics.commit.WithLabelValues(log),
		problems: metrics.problems.WithLabelValues(log), signed: metrics.checkpoints.WithLabelValues(log),
	}
	for _, t := range record.Types() {
		m.records[t] = metrics.records.WithLabelValues(log, string(t))
	}
	return m
}

// close takes a log's series out with its last gateway.
func (m *meter) close() {
	meters.Lock()
	defer meters.Unlock()
	if meters.of[m.log]--; meters.of[m.log] > 0 {
		return
	}
	delete(meters.of, m.log)
	of := prometheus.Labels{"log": m.log}
	for _, vec := range []interface{ DeletePartialMatch(prometheus.Labels) int }{metrics.records, metrics.bytes, metrics.commit,
		metrics.failures, metrics.refusals, metrics.problems, metrics.checkpoints, metrics.keys} {
		vec.DeletePartialMatch(of)
	}
}

// own counts a record that the ledger itself made durable.
func (m *meter) own(t record.Type) { m.records[t].Inc() }

func (m *meter) committed(_, bytes int, took time.Duration) {
	m.bytes.Add(float64(bytes))
	m.commit.Observe(took.Seconds())
}

// standing collects how the logs that are open stand at the moment.
type standing struct{}

var (
	inLogDesc    = prometheus.NewDesc("caddyrec_log_records", "Records in the log.", []string{"log"}, nil)
	waitingDesc  = prometheus.NewDesc("caddyrec_waiting_records", "Records that wait for the disk.", []string{"log"}, nil)
	unsealedDesc = prometheus.NewDesc("caddyrec_unsealed_segments", "Segments written and not yet sealed.", []string{"log"}, nil)
	unsignedDesc = prometheus.NewDesc("caddyrec_unsigned_records", "Records that no checkpoint covers yet.", []string{"log"}, nil)
	spooledDesc  = prometheus.NewDesc("caddyrec_spool_objects", "Objects on this machine that have not reached the bucket.", []string{"log"}, nil)
	spoolDesc    = prometheus.NewDesc("caddyrec_spool_bytes", "Their bytes.", []string{"log"}, nil)
	lagDesc      = prometheus.NewDesc("caddyrec_upload_lag_seconds", "How long the oldest of them has been waiting; 0 when none does.", []string{"log"}, nil)
	asideDesc    = prometheus.NewDesc("caddyrec_spool_set_aside", "Objects that cannot be uploaded and were set aside.", []string{"log"}, nil)
	healthyDesc  = prometheus.NewDesc("caddyrec_healthy", "1 while records are committed and signed, 0 during an outage or while checkpoints do not come.", []string{"log"}, nil)
)

// Describe implements [prometheus.Collector].
func (standing) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{inLogDesc, waitingDesc, unsealedDesc, unsignedDesc, healthyDesc, spooledDesc, spoolDesc, lagDesc, asideDesc} {
		to <- d
	}
}

// Collect implements [prometheus.Collector]. Logs of one name in two stores are
// told as one.
func (standing) Collect(to chan<- prometheus.Metric) {
	type sum struct {
		records, waiting, unsealed, unsigned float64
		healthy                              float64
		spool                                bool // of what follows
		objects, bytes, lag, aside           float64
	}
	now := time.Now()
	byLog := map[string]*sum{}
	for _, g := range openGateways() {
		s := byLog[g.name]
		if s == nil {
			s = &sum{healthy: 1}
			byLog[g.name] = s
		}
		h := g.health()
		s.records += float64(h.Records)
		s.waiting += float64(h.Waiting)
		s.unsealed += float64(h.Unsealed)
		s.unsigned += float64(h.Unsigned)
		if !h.OK {
			s.healthy = 0
		}
		if w := h.Spool; w != nil {
			s.spool = true
			s.objects += float64(w.Objects)
			s.bytes += float64(w.Bytes)
			s.aside += float64(w.SetAside)
			if w.Oldest != nil {
				s.lag = max(s.lag, now.Sub(*w.Oldest).Seconds())
			}
		}
	}
	for log, s := range byLog {
		if s.spool {
			to <- prometheus.MustNewConstMetric(spooledDesc, prometheus.GaugeValue, s.objects, log)
			to <- prometheus.MustNewConstMetric(spoolDesc, prometheus.GaugeValue, s.bytes, log)
			to <- prometheus.MustNewConstMetric(lagDesc, prometheus.GaugeValue, s.lag, log)
			to <- prometheus.MustNewConstMetric(asideDesc, prometheus.GaugeValue, s.aside, log)
		}
		to <- prometheus.MustNewConstMetric(inLogDesc, prometheus.GaugeValue, s.records, log)
		to <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, s.waiting, log)
		to <- prometheus.MustNewConstMetric(unsealedDesc, prometheus.GaugeValue, s.unsealed, log)
		to <- prometheus.MustNewConstMetric(unsignedDesc, prometheus.GaugeValue, s.unsigned, log)
		to <- prometheus.MustNewConstMetric(healthyDesc, prometheus.GaugeValue, s.healthy, log)
	}
}
