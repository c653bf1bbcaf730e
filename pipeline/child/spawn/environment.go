package spawn

import (
	"os"
	"strings"
)

// Environment is all that a child sees of its surroundings. The parent's environment holds secrets (database, object store) and
// stays out, except for where libraries and GStreamer's plugins are.
func Environment(scratch string, extra []string) []string {
	env := []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"LANG=C.UTF-8",
		"TZ=UTC", // so that nobody needs /etc/localtime
		"HOME=" + scratch,
		"TMPDIR=" + scratch,
		"XDG_RUNTIME_DIR=" + scratch,
		"XDG_CACHE_HOME=" + scratch,
		// Each malloc arena reserves 64 MB of address space and keeps freed memory to itself.
		"MALLOC_ARENA_MAX=2",
	}
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "GST_") || strings.HasPrefix(variable, "LD_LIBRARY_PATH=") {
			env = append(env, variable)
		}
	}
	return append(env, extra...)
}
