package doctor

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/pipeline/child/sandbox"
)

func requireResult(t *testing.T, r Result, state State, seen string) {
	t.Helper()
	require.Equal(t, state, r.State, r.Seen)
	require.Contains(t, r.Seen, seen)
	if state == OK {
		require.Empty(t, r.Mend)
	}
}

func TestGStreamer(t *testing.T) {
	requireResult(t, gstreamer("1.22.0", nil), OK, "1.22.0")
	requireResult(t, gstreamer("1.20.3", nil), Warning, "1.20.3")
	requireResult(t, gstreamer("1.22.0", []string{"vp8dec", "opusenc"}), Failed, "vp8dec, opusenc")
	requireResult(t, gstreamer("", nil), Failed, "cannot be loaded")
}

func TestVersionsAreComparedByNumber(t *testing.T) {
	for version, older622 := range map[string]bool{
		"6.2": false, "6.2.0": false, "7.0.15": false, "6.10.0": false, "10.0": false, "6.0.16": true, "5.9": true, "6": true, "x": false,
	} {
		require.Equal(t, older622, older(version, "6.2"), version)
	}
}

func program(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "redis-server")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	return path
}

func TestRedisServer(t *testing.T) {
	version := func(v string) string {
		return program(t, "echo 'Redis server v="+v+" sha=00000000:0 malloc=jemalloc-5.3.0 bits=64'")
	}
	requireResult(t, redisServer(t.Context(), version("6.2.0")), OK, "version 6.2.0")
	requireResult(t, redisServer(t.Context(), version("6.0.16")), Failed, "6.2 or later")
	requireResult(t, redisServer(t.Context(), program(t, "echo hello")), Failed, "hello")
	requireResult(t, redisServer(t.Context(), program(t, "exit 3")), Failed, "exit status 3")
	r := redisServer(t.Context(), "/no/such/redis-server")
	requireResult(t, r, Failed, "was not found")
	require.Equal(t, "sudo apt-get install redis-server", r.Mend)
}

func TestTheInstalledRedisServer(t *testing.T) {
	requireResult(t, redisServer(t.Context(), "redis-server"), OK, "version ")
}

func TestSandboxLayers(t *testing.T) {
	all := sandbox.Status{{Name: sandbox.Network, Active: true}, {Name: sandbox.Landlock, Active: true}, {Name: sandbox.Seccomp, Active: true}}
	requireResult(t, sandboxLayers(all, nil), OK, "network, landlock, seccomp")
	partly := append(sandbox.Status{{Name: sandbox.Network, Detail: "not granted"}}, all[1:]...)
	r := sandboxLayers(partly, nil)
	requireResult(t, r, Warning, "no network (not granted)")
	require.Contains(t, r.Mend, "userns")
	requireResult(t, sandboxLayers(nil, errors.New("no exec")), Failed, "no exec")
}

func TestPages(t *testing.T) {
	pages := fstest.MapFS{"index.html": {Data: []byte("<html>")}, "empty.html": {}}
	requireResult(t, frontEnd(pages, []string{"index.html"}), OK, "")
	r := frontEnd(pages, []string{"index.html", "empty.html", "gone.html"})
	requireResult(t, r, Failed, "empty.html, gone.html")
	require.Equal(t, "make build", r.Mend)
}

func TestDiskSpace(t *testing.T) {
	disk := func(kind int64, free, files uint64) Result {
		return space("/data", unix.Statfs_t{Type: kind, Bsize: 4096, Bavail: free / 4096, Files: 1 << 20, Ffree: files})
	}
	const ext4, plenty = unix.EXT4_SUPER_MAGIC, 100 << 30
	requireResult(t, disk(ext4, plenty, 1<<20), OK, "100 GiB free in /data")
	requireResult(t, disk(ext4, 10<<30, 1<<20), Warning, "only 10 GiB")
	requireResult(t, disk(ext4, 100<<20, 1<<20), Failed, "only 100 MiB")
	requireResult(t, disk(ext4, plenty, 5), Warning, "only 5 files")
	requireResult(t, disk(unix.TMPFS_MAGIC, plenty, 1<<20), Warning, "in memory")
	requireResult(t, disk(unix.NFS_SUPER_MAGIC, plenty, 1<<20), Warning, "NFS")
}

func TestFolderThatIsStillToBeMade(t *testing.T) {
	folder := t.TempDir()
	require.Equal(t, folder, existing(filepath.Join(folder, "data", "deeper")))
	require.NotEqual(t, Failed, diskSpeed(filepath.Join(folder, "data")).State)
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, entries, "the measurement leaves nothing")
}

func TestDiskSpeed(t *testing.T) {
	requireResult(t, speed(3*time.Millisecond), OK, "3ms")
	requireResult(t, speed(250*time.Millisecond), Warning, "250ms")

	var now time.Time
	median, err := syncTime(t.TempDir(), func() time.Time { now = now.Add(7 * time.Millisecond); return now })
	require.NoError(t, err)
	require.Equal(t, 7*time.Millisecond, median)
	_, err = syncTime("/proc", time.Now)
	require.Error(t, err)
}

func TestAddress(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listen := free.Addr().String()
	requireResult(t, address(t.Context(), listen, false), Failed, "another program has "+listen)
	free.Close()
	requireResult(t, address(t.Context(), listen, false), OK, "is free")
	requireResult(t, address(t.Context(), "nonsense", false), Failed, "nonsense")
	requireResult(t, address(t.Context(), "192.0.2.1:80", false), Failed, "192.0.2.1")

	answer := http.NotFound
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
	defer server.Close()
	requireResult(t, address(t.Context(), server.Listener.Addr().String(), false), Failed, "another program")
	answer = func(_ http.ResponseWriter, r *http.Request) { require.Equal(t, "/healthz", r.URL.Path) }
	requireResult(t, address(t.Context(), server.Listener.Addr().String(), false), OK, "running")
}

func TestHTTPS(t *testing.T) {
	requireResult(t, https(t.Context(), Setup{Listen: "127.0.0.1:8080"}), OK, "this machine only")
	requireResult(t, https(t.Context(), Setup{Listen: "localhost:8080"}), OK, "this machine only")
	requireResult(t, https(t.Context(), Setup{Listen: "[::1]:8080"}), OK, "this machine only")
	r := https(t.Context(), Setup{Listen: ":8080"})
	requireResult(t, r, Warning, "refuse camera")
	require.Contains(t, r.Mend, "--tls own")
}

func TestCertificate(t *testing.T) {
	now := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	issue := func(from, until time.Time) (string, string) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: until, DNSNames: []string{"example.org"}}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		require.NoError(t, err)
		secret, err := x509.MarshalPKCS8PrivateKey(key)
		require.NoError(t, err)
		folder := t.TempDir()
		c, k := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
		require.NoError(t, os.WriteFile(c, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
		require.NoError(t, os.WriteFile(k, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
		return c, k
	}
	check := func(from, until time.Time) Result {
		c, k := issue(from, until)
		return files(c, k, now)
	}
	day := 24 * time.Hour
	requireResult(t, check(now.Add(-day), now.Add(60*day)), OK, "example.org, valid until 2027-04-30")
	requireResult(t, check(now.Add(-day), now.Add(5*day)), Warning, "expires on 2027-03-06")
	requireResult(t, check(now.Add(-9*day), now.Add(-day)), Failed, "expired on 2027-02-28")
	requireResult(t, check(now.Add(day), now.Add(60*day)), Failed, "only from 2027-03-02")
	c, _ := issue(now, now.Add(day))
	_, otherKey := issue(now, now.Add(day))
	requireResult(t, files(c, otherKey, now), Failed, "cannot be used")
}

type fakeTime struct {
	state int
	timex unix.Timex
	err   error
	at    time.Time
	step  time.Duration
}

func (f *fakeTime) adjustment() (int, unix.Timex, error) { return f.state, f.timex, f.err }
func (f *fakeTime) now() time.Time                       { f.at = f.at.Add(f.step); return f.at }

func TestClock(t *testing.T) {
	right := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	requireResult(t, clock(&fakeTime{at: right, timex: unix.Timex{Esterror: 1500}}), OK, "1.5ms")
	requireResult(t, clock(&fakeTime{at: right, state: timeError}), Warning, "keeps the clock in step")
	requireResult(t, clock(&fakeTime{at: right, timex: unix.Timex{Status: staUnsynced}}), Warning, "keeps the clock in step")
	requireResult(t, clock(&fakeTime{at: right, err: unix.EPERM}), Warning, "cannot ask")
	requireResult(t, clock(&fakeTime{at: right, step: -time.Nanosecond}), Failed, "backwards")
	requireResult(t, clock(&fakeTime{at: time.Unix(0, 0)}), Failed, "1970")
	require.NotEqual(t, Failed, clock(kernelTime{}).State)
}

func TestMemoryAndProcessors(t *testing.T) {
	total, available, err := parseMeminfo([]byte("MemTotal:       24576000 kB\nMemFree:  1 kB\nMemAvailable:   20480000 kB\nHugePages_Total:       0\n"))
	require.NoError(t, err)
	require.Equal(t, uint64(24576000<<10), total)
	require.Equal(t, uint64(20480000<<10), available)
	_, _, err = parseMeminfo([]byte("garbage"))
	require.Error(t, err)

	requireResult(t, memory(resources{memory: 4 << 30, available: 3 << 30}), OK, "4.0 GiB")
	requireResult(t, memory(resources{memory: 1 << 30, available: 1 << 30}), Warning, "1.0 GiB")
	requireResult(t, memory(resources{memory: 4 << 30, available: 1 << 20}), Warning, "1.0 MiB")
	requireResult(t, memory(resources{memory: 256 << 20}), Failed, "256 MiB")
	requireResult(t, memory(resources{err: errors.New("no file")}), Warning, "no file")
	requireResult(t, processors(resources{processors: 1}), Warning, "only one")
	requireResult(t, processors(resources{processors: 8}), OK, "8")
	require.NoError(t, machine().err)
}

func TestOpenFiles(t *testing.T) {
	requireResult(t, openFiles(1<<20, nil), OK, "1048576")
	requireResult(t, openFiles(1024, nil), Warning, "1024")
	requireResult(t, openFiles(0, unix.EPERM), Warning, "not permitted")
}

func TestFaceModels(t *testing.T) {
	folder := t.TempDir()
	r := faceModels(folder)
	requireResult(t, r, Warning, "optional")
	require.Equal(t, "trivue face models --to '"+folder+"'", r.Mend)
	for _, f := range []models.File{models.Landmarks, models.Detector, models.Stock} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, f.Name), []byte("half"), 0o600))
	}
	requireResult(t, faceModels(folder), Warning, "not the official files")
	require.NoError(t, os.Remove(filepath.Join(folder, models.Stock.Name)))
	requireResult(t, faceModels(folder), Warning, models.Stock.Name)
}

func TestChecksOfAWholeSetup(t *testing.T) {
	folder := t.TempDir()
	checks := Checks(Setup{
		GStreamer:   func() (string, []string) { return "1.22.0", nil },
		RedisServer: "redis-server", DataFolder: folder, Models: folder, Listen: "127.0.0.1:0",
		Sandbox: func(context.Context) (sandbox.Status, error) {
			return sandbox.Status{{Name: sandbox.Landlock, Active: true}, {Name: sandbox.Seccomp, Active: true}, {Name: sandbox.Network, Active: true}}, nil
		},
		FrontEnd: fstest.MapFS{"index.html": {Data: []byte("x")}}, Pages: []string{"index.html"},
	})
	report := Run(t.Context(), checks)
	require.Len(t, report.Results, 13)
	names := map[string]bool{}
	for _, r := range report.Results {
		require.NotEmpty(t, r.Seen, r.Check)
		require.False(t, names[r.Check], "%s twice", r.Check)
		names[r.Check] = true
		require.NotContains(t, fmt.Sprint(r.Seen, r.Mend), "%!", "a text whose blanks are not filled")
	}
	require.Len(t, Checks(Setup{}), 4, "what is not named is not checked")
}
