package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
)

// line is the network between a browser and a server: it has an address of its own that stays when the server starts anew elsewhere, and
// it fails as it is told.
type line struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
}

func newLine(t *testing.T, server string) *line {
	t.Helper()
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	l := &line{t: t, proxy: toxiproxy.NewProxy(api, "line", "127.0.0.1:0", upstream(server))}
	require.NoError(t, l.proxy.Start())
	t.Cleanup(l.proxy.Stop)
	return l
}

func upstream(server string) string { return strings.TrimPrefix(server, "http://") }

func (l *line) address() string { return "http://" + l.proxy.Listen }

// to leads the line to another server. Connections that are open are cut.
func (l *line) to(server string) {
	l.t.Helper()
	require.NoError(l.t, l.proxy.Update(&toxiproxy.Proxy{Listen: l.proxy.Listen, Upstream: upstream(server), Enabled: true}))
}

// cut ends all connections and lets none be made.
func (l *line) cut() { l.proxy.Stop() }

// mend undoes cut.
func (l *line) mend() {
	l.t.Helper()
	require.NoError(l.t, l.proxy.Start())
}

// poison makes what the browser sends suffer: a toxic's type and attributes as toxiproxy knows them. It gives what undoes that.
func (l *line) poison(name, kind, attributes string) (undo func()) {
	l.t.Helper()
	_, err := l.proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name":%q,"type":%q,"stream":"upstream","attributes":%s}`, name, kind, attributes)))
	require.NoError(l.t, err)
	return func() {
		require.NoError(l.t, l.proxy.Toxics.RemoveToxic(l.t.Context(), name))
	}
}
