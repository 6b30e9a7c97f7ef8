package secretsmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
)

// Server is an http.Handler that keeps secrets. It is safe for concurrent use.
type Server struct {
	options Options
	mu      sync.Mutex
	secrets []*secret
}

// secret and version are the file's format: a JSON list of secrets.
type secret struct {
	ARN, Name, Description string
	Versions               []*version // never empty; the oldest first
}

type version struct {
	ID, Value string
	Stages    []string
	Created   float64 // seconds since 1970, as the protocol writes times
}

// Open reads the file, if there is one.
func Open(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{options: o}
	data, err := os.ReadFile(o.Path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the secrets: %w", err)
	}
	if err := json.Unmarshal(data, &s.secrets); err != nil {
		return nil, fmt.Errorf("reading the secrets in %s: %w", o.Path, err)
	}
	return s, nil
}

// Create makes a secret with its first value unless it exists already: like
// CloudFormation, it never generates a value anew.
func (s *Server) Create(t template.Secret) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(t.ARN) != nil {
		return nil
	}
	value := t.Value
	if t.Generate != nil {
		var err error
		if value, err = generate(*t.Generate); err != nil {
			return fmt.Errorf("generating the secret %s: %w", t.LogicalID, err)
		}
	}
	first := &version{ID: newVersionID(), Value: value, Stages: []string{current}, Created: s.timestamp()}
	s.secrets = append(s.secrets, &secret{ARN: t.ARN, Name: t.Name, Description: t.Description, Versions: []*version{first}})
	return s.save()
}

// Value returns the current value of a secret, by name or ARN.
func (s *Server) Value(id string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.find(id)
	if found == nil {
		return "", ErrNotFound
	}
	return found.pick("", current).Value, nil
}

// Put gives a secret a new current value, as a rotation does.
func (s *Server) Put(id, value string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.find(id)
	if found == nil {
		return ErrNotFound
	}
	_, err := s.putSecretValue(found, request{SecretString: &value})
	return err
}

// find knows a secret by its name, its ARN, and its ARN without the six
// characters the service adds.
func (s *Server) find(id string) *secret {
	const suffix = len("-123456")
	for _, found := range s.secrets {
		if id == found.Name || id == found.ARN || id == found.ARN[:max(0, len(found.ARN)-suffix)] {
			return found
		}
	}
	return nil
}

// save writes beside the file and renames, so that a crash leaves the old
// secrets or the new ones; without the keyring every token would be worthless.
func (s *Server) save() error {
	data, err := json.MarshalIndent(s.secrets, "", "  ")
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(s.options.Path), ".secrets-*") // mode 0600
	if err != nil {
		return fmt.Errorf("writing the secrets: %w", err)
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), s.options.Path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
		return fmt.Errorf("writing the secrets: %w", err)
	}
	return nil
}

func (s *Server) timestamp() float64 {
	return float64(s.options.Now().UnixMilli()) / 1000
}
