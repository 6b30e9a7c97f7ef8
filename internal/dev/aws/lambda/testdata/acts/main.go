// The test function: does what the event's "do" says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string
	Size int
}

type answer struct {
	PID       int
	Child     int               `json:",omitempty"`
	Text      string            `json:",omitempty"`
	Variables map[string]string `json:",omitempty"`
	ARN       string            `json:",omitempty"`
	Remaining time.Duration     `json:",omitempty"`
}

func handle(ctx context.Context, e event) (answer, error) {
	out := answer{PID: os.Getpid()}
	switch e.Do {
	case "environment":
		out.Variables = map[string]string{}
		for _, v := range os.Environ() {
			name, value, _ := strings.Cut(v, "=")
			out.Variables[name] = value
		}
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		out.ARN, out.Remaining = lc.InvokedFunctionArn, time.Until(deadline)
	case "error":
		return out, errors.New("Unauthorized")
	case "panic":
		panic("on purpose")
	case "exit":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Duration(e.Size) * time.Millisecond)
	case "child":
		child := exec.Command("/bin/sleep", "600")
		if err := child.Start(); err != nil {
			return out, err
		}
		out.Child = child.Process.Pid
	case "text":
		out.Text = strings.Repeat("x", e.Size)
	case "print":
		fmt.Print(`{"level":"INFO",`)
		fmt.Println(`"message":"hello"}`)
		fmt.Fprint(os.Stderr, "no end")
	}
	return out, nil
}

func main() { lambda.Start(handle) }
