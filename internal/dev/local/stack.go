// Package local is the whole of Tokenwright on one machine: it reads the same
// template.yaml that is deployed, compiles the same functions, and puts
// stand-ins for API Gateway, Lambda, DynamoDB, Secrets Manager and an identity
// provider around them.
//
// It guarantees that data survives a restart, that two stacks never share a
// data folder, that a function may do locally only what its statements in the
// template allow, and that Stop leaves no process behind. Everything listens
// on the loopback interface alone and answers to its names alone; nothing here
// is meant to face a network.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	aws_dynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
	"github.com/tokenwright/tokenwright/internal/dev/aws/iam"
	"github.com/tokenwright/tokenwright/internal/dev/aws/lambda"
	"github.com/tokenwright/tokenwright/internal/dev/aws/loopback"
	"github.com/tokenwright/tokenwright/internal/dev/aws/secretsmanager"
	"github.com/tokenwright/tokenwright/internal/dev/aws/stream"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
	"github.com/tokenwright/tokenwright/internal/dev/oidc"
)

// Options of Start; the zero value serves the module in the working directory
// on ports of the system's choice.
type Options struct {
	// Root is the module's folder; empty means the working directory.
	Root string
	// Template is the template served on Port; empty means template.yaml in Root.
	Template string
	// Downstream is the template of an API that attaches the authorizer, served
	// on DownstreamPort; empty means examples/orders/template.yaml in Root, and
	// none when that file does not exist.
	Downstream string
	// HTTPDownstream is the template of another such API, an HTTP API, served on
	// HTTPDownstreamPort; empty means examples/http-api/template.yaml in Root,
	// and none when that file does not exist.
	HTTPDownstream string
	// DataDir keeps what survives a restart; empty means .tokenwright in Root.
	DataDir string
	// BuildDir keeps the compiled functions; empty means build in DataDir.
	// Several stacks may share it when they are not started at the same time.
	BuildDir string
	// Port, DownstreamPort and HTTPDownstreamPort are where the APIs listen; zero
	// means any free port.
	Port, DownstreamPort, HTTPDownstreamPort int
	// Hosts are names that the stack answers to besides those of the loopback
	// interface.
	Hosts []string
	// Log receives the functions' output and the stack's own lines; nil discards.
	Log io.Writer
	// Now is the clock of the stand-ins (expiry, caching, TTL); nil means
	// time.Now. The functions have the machine's clock.
	Now func() time.Time
	// SweepInterval is how often expired items are removed; zero means a minute.
	// On AWS that takes days, so nothing may depend on it.
	SweepInterval time.Duration
	// Transactions is how the permission for the items of a transaction is
	// decided; zero means that every way of it must allow them.
	Transactions iam.Reading
	// Parameters override template parameters beyond those the stack sets.
	Parameters map[string]string
}

// Stack is a running stack.
type Stack struct {
	options     Options
	main        *deployment
	downstreams []*downstream

	lock      io.Closer
	dynamodb  *dynamodb.Server
	secrets   *secretsmanager.Server
	issuer    *oidc.Issuer
	functions *lambda.Service
	access    *access
	consumers map[string][]*stream.Consumer // by name of the table
	log       *log
	adminOnce sync.Once
	admin     *aws_dynamodb.Client // one, so that its connections are used again
	started   time.Duration

	listeners listeners
	servers   []*http.Server
	gateways  []*http.Server  // those of servers that face callers
	ctx       context.Context // of what goes on by itself; ends with Stop
	cancel    context.CancelFunc
	work      sync.WaitGroup
	stopOnce  sync.Once
}

// deployment is one template on one port.
type deployment struct {
	template *template.Template
	url      string
}

// downstream is an API that attaches the authorizer.
type downstream struct {
	deployment
	stack       string // its name
	label, path string // what Ready calls it, and where it says to call it
	listener    net.Listener
}

// Start brings the stack up and returns when it answers. A ctx that ends while
// it starts stops it; afterwards only Stop does. Its errors are single
// sentences for the person at the terminal.
func Start(ctx context.Context, o Options) (*Stack, error) {
	began := time.Now()
	if err := o.complete(); err != nil {
		return nil, err
	}
	s := &Stack{options: o, log: newLog(o.Log)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, step := range []func(context.Context) error{
		s.openDataDir, s.listen, s.loadTemplates, s.buildFunctions, s.openStores, s.openIssuer, s.startStreams, s.serve,
	} {
		err := step(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			s.Stop()
			return nil, err
		}
	}
	s.startSweeping()
	s.started = time.Since(began)
	return s, nil
}

func (o *Options) complete() error {
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return fmt.Errorf("finding the module's folder: %w", err)
	}
	o.Root = root
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.SweepInterval == 0 {
		o.SweepInterval = time.Minute
	}
	for _, path := range []struct {
		value    *string
		fallback string
	}{
		{&o.Template, filepath.Join(root, "template.yaml")},
		{&o.DataDir, filepath.Join(root, ".tokenwright")},
	} {
		if *path.value == "" {
			*path.value = path.fallback
		}
	}
	if o.DataDir, err = filepath.Abs(o.DataDir); err != nil {
		return fmt.Errorf("finding the data folder: %w", err)
	}
	if o.BuildDir == "" {
		o.BuildDir = filepath.Join(o.DataDir, "build")
	}
	return nil
}

// Stop ends the servers, kills every function with its process group, and
// closes the data. It may be called more than once, and on a stack that never
// came up.
func (s *Stack) Stop() {
	s.stopOnce.Do(func() {
		s.cancel()
		s.shutDown(time.Second)
		if s.functions != nil {
			s.functions.Close()
		}
		for _, server := range s.servers {
			_ = server.Close()
		}
		s.listeners.close()
		for _, d := range s.downstreams {
			_ = d.listener.Close()
		}
		s.work.Wait()
		if s.dynamodb != nil {
			_ = s.dynamodb.Close()
		}
		if s.lock != nil {
			_ = s.lock.Close()
		}
	})
}

// shutDown lets requests under way finish for a moment.
func (s *Stack) shutDown(grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var wg sync.WaitGroup
	for _, server := range s.gateways {
		wg.Go(func() { _ = server.Shutdown(ctx) })
	}
	wg.Wait()
}

func (s *Stack) startServer(server *http.Server, l net.Listener) {
	server.Handler = loopback.Only(server.Handler, s.options.Hosts...)
	s.servers = append(s.servers, server)
	s.work.Go(func() {
		if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.log.printf("serving %s: %v", l.Addr(), err)
		}
	})
}
