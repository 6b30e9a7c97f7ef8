// Command local runs the whole of Tokenwright on this machine; `make run`
// starts it. PORT, DOWNSTREAM_PORT, HTTP_DOWNSTREAM_PORT, DATA_DIR and HOSTS
// override its flags' defaults.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/tokenwright/tokenwright/internal/dev/local"
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "tokenwright:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, getenv func(string) string, out, log io.Writer) error {
	o := local.Options{Log: log}
	flags := flag.NewFlagSet("local", flag.ExitOnError)
	flags.StringVar(&o.DataDir, "data", getenv("DATA_DIR"), "folder of the data (default .tokenwright)")
	port := flags.String("port", first(getenv("PORT"), "3000"), "port of the API; 0 means any")
	downstream := flags.String("downstream-port", first(getenv("DOWNSTREAM_PORT"), "3001"), "port of the example API; 0 means any")
	httpDownstream := flags.String("http-downstream-port", first(getenv("HTTP_DOWNSTREAM_PORT"), "3002"), "port of the example HTTP API; 0 means any")
	hosts := flags.String("hosts", getenv("HOSTS"), "names, with commas, that it answers to besides 127.0.0.1, localhost and [::1]")
	_ = flags.Parse(arguments) // ends the program on an error
	for _, p := range []struct {
		name, value string
		into        *int
	}{
		{"PORT", *port, &o.Port}, {"DOWNSTREAM_PORT", *downstream, &o.DownstreamPort},
		{"HTTP_DOWNSTREAM_PORT", *httpDownstream, &o.HTTPDownstreamPort},
	} {
		n, err := strconv.ParseUint(p.value, 10, 16)
		if err != nil {
			return fmt.Errorf("%s must be a number from 0 to 65535, not %q", p.name, p.value)
		}
		*p.into = int(n)
	}
	o.Hosts = strings.FieldsFunc(*hosts, func(r rune) bool { return r == ',' || r == ' ' })
	stack, err := local.Start(ctx, o)
	if err != nil {
		return err
	}
	defer stack.Stop()
	_, _ = fmt.Fprint(out, stack.Ready())
	<-ctx.Done()
	_, _ = fmt.Fprintln(out, "\nstopping")
	return nil
}

func first(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
