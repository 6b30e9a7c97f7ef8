package local

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/tokenwright/tokenwright/internal/dev/aws/dynamodb"
	"github.com/tokenwright/tokenwright/internal/dev/aws/secretsmanager"
	"github.com/tokenwright/tokenwright/internal/dev/aws/template"
	"github.com/tokenwright/tokenwright/internal/dev/oidc"
)

// openStores opens the table and the secrets, and makes what the templates ask
// for and is not there yet.
func (s *Stack) openStores(ctx context.Context) (err error) {
	s.access = newAccess(s.allFunctions(), s.options.Transactions, s.log)
	s.makeConsumers()
	path := filepath.Join(s.options.DataDir, "dynamodb.db")
	if s.dynamodb, err = dynamodb.Open(dynamodb.Options{Path: path, Now: s.options.Now, Authorize: s.access.dynamodb, OnWrite: s.changed}); err != nil {
		return fmt.Errorf("opening the table: %w", err)
	}
	path = filepath.Join(s.options.DataDir, "secrets.json")
	if s.secrets, err = secretsmanager.Open(secretsmanager.Options{Path: path, Now: s.options.Now, Authorize: s.access.secrets}); err != nil {
		return err
	}
	s.startServer(newInnerServer(s.dynamodb), s.listeners.dynamodb)
	s.startServer(newInnerServer(s.secrets), s.listeners.secrets)
	for _, t := range s.templates() {
		for _, table := range t.Tables {
			if err := s.createTable(ctx, table); err != nil {
				return err
			}
		}
		for _, secret := range t.Secrets {
			if err := s.secrets.Create(secret); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Stack) templates() []*template.Template {
	all := []*template.Template{s.main.template}
	for _, d := range s.downstreams {
		all = append(all, d.template)
	}
	return all
}

func (s *Stack) openIssuer(context.Context) (err error) {
	parameters := s.main.template.Parameters
	audience := parameters["OidcAudience"]
	if audience == "" {
		audience = localAudience
	}
	s.issuer, err = oidc.Open(oidc.Options{
		KeyPath: filepath.Join(s.options.DataDir, "oidc-key.json"), Issuer: s.main.url + issuerPath, Audience: audience,
		AccountClaim: parameters["OidcAccountClaim"], RolesClaim: parameters["OidcRolesClaim"], Now: s.options.Now,
	})
	return err
}

// startSweeping removes expired items now and then until the stack stops.
func (s *Stack) startSweeping() {
	s.work.Go(func() {
		ticker := time.NewTicker(s.options.SweepInterval)
		defer ticker.Stop()
		for {
			select {
			case <-s.ctx.Done():
				return
			case <-ticker.C:
				if _, err := s.dynamodb.SweepExpired(); err != nil {
					s.log.printf("removing expired items: %v", err)
				}
			}
		}
	})
}
