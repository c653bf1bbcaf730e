//go:build !race

package child

const raceDetector = false

var testEnv []string
