package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// listeners are opened before anything else is made, so that a port that is
// taken is said at once, and because the issuer's URL has the port in it.
type listeners struct {
	main, dynamodb, secrets net.Listener
}

func (s *Stack) listen(context.Context) (err error) {
	if s.listeners.main, err = listenOn(s.options.Port, "PORT"); err != nil {
		return err
	}
	if err = s.listenDownstream(); err != nil {
		return err
	}
	if s.listeners.dynamodb, err = listenOn(0, ""); err != nil {
		return err
	}
	s.listeners.secrets, err = listenOn(0, "")
	return err
}

func listenOn(port int, variable string) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is in use by another program: stop it, or choose another port with %s=%d", port, variable, port+10)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on port %d: %w", port, err)
	}
	return l, nil
}

func (l *listeners) close() {
	for _, one := range []net.Listener{l.main, l.dynamodb, l.secrets} {
		if one != nil {
			_ = one.Close()
		}
	}
}

func url(l net.Listener) string {
	return "http://" + l.Addr().String()
}
