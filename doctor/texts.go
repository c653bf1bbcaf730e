package doctor

// Everything that a check says to people is here: what was seen, then how to mend it.
const (
	textCheckBroke = "the check itself broke: %v"

	textSumNothing  = "All is well."
	textSumWarnings = "Trivue works on this machine; %s should be mended."
	textSumFailures = "%s must be mended."
	textSumBoth     = "%s must be mended, %s should be."

	textGStreamer        = "version %s, every element that is used"
	textGStreamerAbsent  = "the library cannot be loaded"
	textGStreamerOld     = "version %s; Trivue is tested with %s and later"
	textGStreamerMissing = "version %s, but these elements are missing: %s"
	mendGStreamer        = "sudo apt-get install gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav"
	mendGStreamerOld     = "use Debian 12, Ubuntu 24.04 or later"

	textRedis       = "version %s at %s"
	textRedisAbsent = "%s was not found"
	textRedisBroken = "%s cannot be run: %v"
	textRedisSilent = "%s does not say its version, but %q"
	textRedisOld    = "version %s at %s; %s or later is needed"
	mendRedis       = "sudo apt-get install redis-server"

	textSandbox        = "all layers are in force: %s"
	textSandboxPartly  = "media is handled with fewer layers: %v"
	textSandboxBroken  = "a child process cannot be started: %v"
	mendSandboxKernel  = "use Linux 5.13 or later (6.7 for all of it), with landlock among the names in the boot parameter lsm="
	mendSandboxNetwork = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 user.max_user_namespaces=15000 (in a container: run it with --security-opt seccomp=unconfined)"
	mendSandboxBroken  = "ulimit -u 4096, and a mount without noexec for the folder that the program is in and for the temporary folder"

	textPages        = "built in"
	textPagesMissing = "not built into this program: %s"
	mendPages        = "make build"

	textSpace           = "%s free in %s"
	textSpaceLow        = "only %s free in %s; an hour of interview takes about 4 GB while it is worked on"
	textSpaceInodes     = "only %d files can still be made in %s"
	textSpaceUnknown    = "cannot look at %s: %v"
	textSpaceMemory     = "%s is kept in memory (tmpfs): all is lost when the machine restarts"
	textSpaceNetwork    = "%s is on a network file system (%s), on which the database may be damaged"
	mendSpace           = "free some space, or choose another data folder with --data"
	mendSpaceElsewhere  = "choose a data folder on a local disk with --data"
	textSpeed           = "a write is safe on disk after %s"
	textSpeedSlow       = "a write is safe on disk only after %s; uploads and restarts will be slow"
	textSpeedNoWrite    = "cannot write in %s: %v"
	mendSpeed           = "put the data folder on an SSD (choose it with --data)"
	mendSpeedPermission = "sudo chown -R %[1]s %[2]s"

	textAddressFree    = "%s is free"
	textAddressRunning = "Trivue is running at %s already"
	textAddressTaken   = "another program has %s"
	textAddressDenied  = "this user may not listen at %s"
	textAddressBad     = "cannot listen at %s: %v"
	mendAddressTaken   = "see which with: sudo ss -ltnp 'sport = :%s' or choose another address with --listen"
	mendAddressDenied  = "sudo setcap cap_net_bind_service=+ep %s"
	mendAddressBad     = "give an address of this machine as --listen HOST:PORT"

	textHTTPSLocal       = "served to this machine only; browsers allow camera and screen on localhost"
	textHTTPSProxy       = "browsers come by %s"
	textHTTPSCertificate = "certificate for %s, valid until %s"
	textHTTPSSoon        = "the certificate expires on %s"
	textHTTPSExpired     = "the certificate expired on %s"
	textHTTPSEarly       = "the certificate is valid only from %s"
	textHTTPSBad         = "the certificate cannot be used: %v"
	textHTTPSPlain       = "others reach %s without HTTPS: their browsers will refuse camera, microphone and screen"
	mendHTTPSPlain       = "put an HTTPS proxy in front: caddy reverse-proxy --from YOUR.DOMAIN --to 127.0.0.1:%s"
	mendHTTPSCertificate = "renew it, for example: sudo certbot renew"

	textClock          = "kept in step by NTP, within %s"
	textClockUnsynced  = "nothing keeps the clock in step; recordings of different machines will be placed on the timeline with less certainty"
	textClockWrong     = "the clock says %s, which cannot be"
	textClockUnknown   = "cannot ask the kernel: %v"
	textClockBackwards = "the monotonic clock runs backwards"
	mendClock          = "sudo apt-get install systemd-timesyncd && sudo timedatectl set-ntp true"
	mendClockHardware  = "restart the machine; if it comes back, choose another clock source (see /sys/devices/system/clocksource/clocksource0/available_clocksource)"

	textMemory        = "%s, %s of it available"
	textMemoryLow     = "%s, %s of it available; 2 GB are recommended"
	textMemoryUnknown = "cannot read /proc/meminfo: %v"
	mendMemory        = "give the machine (or the container) more memory"

	textProcessors    = "%d"
	textProcessorsFew = "only one: the pages will be slow while recordings are worked on"
	mendProcessors    = "give the machine (or the container) two processors"

	textFiles        = "up to %d"
	textFilesFew     = "only up to %d: enough for about %d uploads at a time"
	textFilesUnknown = "cannot read the limit: %v"
	mendFiles        = "ulimit -n 65536 before the start; with systemd: LimitNOFILE=65536 in the unit"

	textModels        = "in %s"
	textModelsAbsent  = "not in %s: %s (optional: without them, nobody's face is compared)"
	textModelsChanged = "in %s, but not the official files: %s"
	mendModels        = `mkdir -p '%[1]s' && cd '%[1]s' && for f in %[2]s; do curl -fLO https://github.com/Kagami/go-face-testdata/raw/master/models/$f; done`
)
