// Command bench measures the compiled authorizer and holds it to its budgets; `make bench` starts it. It ends with 1 when
// a budget is broken, and with 2 when something could not be measured. With -load (`make load`) it drives validations
// through the local stack and prints rate and percentiles.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/tokenwright/tokenwright/internal/dev/bench"
	"github.com/tokenwright/tokenwright/internal/dev/bench/load"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	o, l := bench.Options{}, load.Options{}
	flag.IntVar(&o.Rounds, "rounds", 0, "rounds of each measurement, whose median counts (standard 5)")
	flag.IntVar(&o.Invocations, "invocations", 0, "invocations in a round (standard 3000)")
	flag.DurationVar(&o.Delay, "delay", 0, "what DynamoDB and Secrets Manager take to answer (standard: nothing); with it nothing is judged")
	flag.BoolVar(&o.NoQuota, "no-quota", false, "compare processor times instead of holding a process to a share of a core")
	driving := flag.Bool("load", false, "drive validations through the local stack instead")
	flag.IntVar(&l.Requests, "requests", 0, "with -load: how many requests (standard 2000)")
	flag.IntVar(&l.AtOnce, "at-once", 0, "with -load: how many at once (standard 8)")
	flag.Parse()
	if *driving {
		result, err := load.Run(ctx, l)
		end(err)
		fmt.Println(result)
		if result.Refused+result.Failed > 0 {
			end(errors.New("not every request was let in"))
		}
		return
	}
	rows, err := bench.Run(ctx, o, os.Stderr)
	end(err)
	if !bench.Print(os.Stdout, rows) {
		fmt.Fprintln(os.Stderr, "bench: a budget is broken")
		os.Exit(1)
	}
}

// end ends the program where there is nothing to judge.
func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}
