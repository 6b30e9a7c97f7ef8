// Creates, lists, rotates and revokes a token with the client that oapi-codegen makes of openapi.yaml.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"clients/tokenwright"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func bearer(credential string) tokenwright.ClientOption {
	return tokenwright.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+credential)
		return nil
	})
}

func run(ctx context.Context) error {
	c, err := tokenwright.NewClientWithResponses(os.Getenv("API"), bearer(os.Getenv("JWT")))
	if err != nil {
		return err
	}
	created, err := c.CreateTokenWithResponse(ctx, nil, tokenwright.CreateToken{Name: "go"})
	if err != nil || created.JSON201 == nil {
		return fmt.Errorf("create: %v %s", err, created.Body)
	}
	id := created.JSON201.Id
	listed, err := c.ListTokensWithResponse(ctx, nil)
	if err != nil || listed.JSON200 == nil || listed.JSON200.Records[0].Id != id {
		return fmt.Errorf("list: %v %s", err, listed.Body)
	}
	rotated, err := c.RotateTokenWithResponse(ctx, id, nil, tokenwright.RotateToken{})
	if err != nil || rotated.JSON200 == nil || rotated.JSON200.Token == created.JSON201.Token {
		return fmt.Errorf("rotate: %v %s", err, rotated.Body)
	}
	mine, err := tokenwright.NewClientWithResponses(os.Getenv("API"), bearer(rotated.JSON200.Token))
	if err != nil {
		return err
	}
	if pong, err := mine.PingWithResponse(ctx); err != nil || pong.JSON200 == nil {
		return fmt.Errorf("ping with the new secret: %v %s", err, pong.Body)
	}
	if gone, err := c.RevokeTokenWithResponse(ctx, id, nil); err != nil || gone.StatusCode() != http.StatusNoContent {
		return fmt.Errorf("revoke: %v %s", err, gone.Body)
	}
	if refused, err := mine.PingWithResponse(ctx); err != nil || refused.StatusCode() != http.StatusUnauthorized {
		return fmt.Errorf("a revoked token: %v %s", err, refused.Body)
	}
	return nil
}
