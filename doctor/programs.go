package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"github.com/trivue/trivue/pipeline/child/sandbox"
)

const (
	gstreamerTested = "1.22"
	redisNeeded     = "6.2"
)

func gstreamer(version string, missing []string) Result {
	switch {
	case version == "":
		return failed(mendGStreamer, textGStreamerAbsent)
	case len(missing) > 0:
		return failed(mendGStreamer, textGStreamerMissing, version, strings.Join(missing, ", "))
	case older(version, gstreamerTested):
		return warning(mendGStreamerOld, textGStreamerOld, version, gstreamerTested)
	default:
		return ok(textGStreamer, version)
	}
}

// redisVersion finds the version in what redis-server and Valkey print: "Redis server v=7.0.15 sha=00000000:0 …".
var redisVersion = regexp.MustCompile(`\bv=(\d+(?:\.\d+)+)`)

func redisServer(ctx context.Context, program string) Result {
	path, err := exec.LookPath(program)
	if err != nil {
		return failed(mendRedis, textRedisAbsent, program)
	}
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	if err != nil {
		return failed(mendRedis, textRedisBroken, path, err)
	}
	found := redisVersion.FindSubmatch(out)
	if found == nil {
		return failed(mendRedis, textRedisSilent, path, strings.TrimSpace(string(out)))
	}
	version := string(found[1])
	if older(version, redisNeeded) {
		return failed(mendRedis, textRedisOld, version, path, redisNeeded)
	}
	return ok(textRedis, version, path)
}

// older compares versions by their numbers. What is not a number ends the comparison.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range b {
		if i >= len(a) {
			return true
		}
		x, errX := strconv.Atoi(a[i])
		y, errY := strconv.Atoi(b[i])
		if errors.Join(errX, errY) != nil {
			return false
		}
		if x != y {
			return x < y
		}
	}
	return false
}

func sandboxLayers(status sandbox.Status, err error) Result {
	if err != nil {
		return failed(mendSandboxBroken, textSandboxBroken, err)
	}
	var mend []string
	if !status.Active(sandbox.Landlock) || !status.Active(sandbox.Seccomp) {
		mend = append(mend, mendSandboxKernel)
	}
	if !status.Active(sandbox.Network) {
		mend = append(mend, mendSandboxNetwork)
	}
	for _, layer := range status {
		if !layer.Active {
			return warning(strings.Join(mend, "; "), textSandboxPartly, status)
		}
	}
	return ok(textSandbox, status)
}

func frontEnd(pages fs.FS, wanted []string) Result {
	var missing []string
	for _, page := range wanted {
		if info, err := fs.Stat(pages, page); err != nil || info.Size() == 0 {
			missing = append(missing, page)
		}
	}
	if len(missing) > 0 {
		return failed(mendPages, textPagesMissing, strings.Join(missing, ", "))
	}
	return ok(textPages)
}
