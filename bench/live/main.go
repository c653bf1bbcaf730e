// Command live measures how many candidates can send at the same time, beside tusd alone on the same disk in the same run.
//
// Each of them sends 1.5 Mbit/s as a browser does: every two seconds a PATCH of what was recorded, and to Trivue the record of its chain,
// after which the server has made it durable. What is measured is how long a PATCH takes, and how long until the server says that the bytes
// are safe. The senders share the machine with the server. tusd alone never waits for the disk: a load must last until the system has no more room to
// put that off (-run), or it is memory that is measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	var o options
	flag.DurationVar(&o.run, "run", 60*time.Second, "how long each load lasts")
	flag.IntVar(&o.from, "from", 50, "the first load; each one is the double of that before, then the gap is halved")
	flag.IntVar(&o.steps, "halvings", 3, "how often the gap between enough and too much is halved")
	flag.DurationVar(&o.limit, "p99", 500*time.Millisecond, "how long 99 of 100 appends may take at most")
	flag.StringVar(&o.disk, "disk", "", "folder on the disk to write to; a temporary one if empty")
	bare := flag.String("serve-bare-tusd", "", "serve tusd alone in this folder (what the measurement starts itself)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *bare != "" {
		err = serveBare(ctx, *bare)
	} else {
		err = measure(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

type options struct {
	run         time.Duration
	from, steps int
	limit       time.Duration
	disk        string
}

func measure(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp(o.disk, "trivue-live-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println("| server | live uploads | PATCH p50 ms | p99 ms | safe p50 ms | p99 ms | server's CPU | appends late |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|")
	appended, safe := map[string]int{}, 0
	for _, kind := range []string{"tusd", "trivue"} {
		if appended[kind], err = search(o, func(uploads int) (bool, error) {
			data := filepath.Join(dir, fmt.Sprintf("%s-%d", kind, uploads))
			defer os.RemoveAll(data)
			figures, err := one(ctx, kind, data, uploads, o.run)
			if err != nil {
				return false, fmt.Errorf("%s with %d uploads: %w", kind, uploads, err)
			}
			fmt.Println(figures.row(kind, uploads))
			if kind == "trivue" && figures.holds(figures.safe, o.limit) {
				safe = max(safe, uploads)
			}
			return figures.holds(figures.patch, o.limit), nil
		}); err != nil {
			return err
		}
	}
	fmt.Printf("\nWith p99 of appends ≤ %v: trivue %d, tusd alone %d live uploads (ratio %.2f). Of trivue's, %d were also safe in that time.\n", o.limit, appended["trivue"], appended["tusd"],
		float64(appended["trivue"])/float64(max(appended["tusd"], 1)), safe)
	return nil
}

// search gives the largest load that holds: by doubling, then by halving the gap.
func search(o options, holds func(int) (bool, error)) (int, error) {
	enough, tooMuch := 0, 0
	for n, halvings := o.from, 0; halvings <= o.steps; {
		ok, err := holds(n)
		switch {
		case err != nil:
			return 0, err
		case ok:
			enough = n
		default:
			tooMuch = n
		}
		if n *= 2; tooMuch > 0 {
			n, halvings = (enough+tooMuch)/2, halvings+1
		}
	}
	return enough, nil
}
