package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// deployment is a small one, so that the test is about the program.
const deployment = "../../internal/dev/local/testdata"

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "local")
	if output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return program
}

func command(t *testing.T, program string, environment ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(program)
	c.Dir = deployment
	c.Env = append(os.Environ(), "PORT=0", "DOWNSTREAM_PORT=0", "DATA_DIR="+t.TempDir())
	c.Env = append(c.Env, environment...)
	return c
}

var apiURL = regexp.MustCompile(`API +(http://\S+)`)

func TestASignalStopsEverythingItStarted(t *testing.T) {
	program := build(t)
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		c := command(t, program)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		c.Stderr = &log
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines, api := bufio.NewScanner(out), ""
		for lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C") {
			if found := apiURL.FindStringSubmatch(lines.Text()); found != nil {
				api = found[1]
			}
		}
		if api == "" {
			t.Fatalf("it did not say where the API is: %s", log.String())
		}
		pid := functionsProcess(t, api)
		if err := syscall.Kill(pid, 0); err != nil {
			t.Fatalf("the function's process %d does not run: %v", pid, err)
		}
		if err := c.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() { // until the program closes its output
		}
		if err := c.Wait(); err != nil {
			t.Errorf("%v: it ended with %v: %s", signal, err, log.String())
		}
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%v: the function's process %d is still there", signal, pid)
		}
	}
}

func TestAReasonNotToStartIsOneLineAndExitCode1(t *testing.T) {
	program := build(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	for environment, want := range map[string]string{
		"PORT=" + port:            "tokenwright: port " + port + " is in use by another program",
		"PORT=many":               `tokenwright: PORT must be a number from 0 to 65535, not "many"`,
		"DOWNSTREAM_PORT=70000":   "tokenwright: DOWNSTREAM_PORT must be a number from 0 to 65535",
		"HTTP_DOWNSTREAM_PORT=-1": "tokenwright: HTTP_DOWNSTREAM_PORT must be a number from 0 to 65535",
		"DATA_DIR=/dev/null/data": "tokenwright: the data folder /dev/null/data cannot be written: not a directory",
	} {
		c := command(t, program, environment)
		var log bytes.Buffer
		c.Stderr = &log
		err := c.Run()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%s: ended with %v", environment, err)
		}
		if said := log.String(); !strings.HasPrefix(said, want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: said %q, want one line: %s", environment, said, want)
		}
	}
}

// functionsProcess asks a function for its process, as a signed-in person.
func functionsProcess(t *testing.T, api string) int {
	t.Helper()
	signedIn, err := http.PostForm(api+"/_local/sign-in", url.Values{"account": {"acc_demo"}, "subject": {"ada"}, "roles": {"admin"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = signedIn.Body.Close() }()
	var token struct {
		Value string `json:"access_token"`
	}
	if err := json.NewDecoder(signedIn.Body).Decode(&token); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api+"/notes/pid", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.Value)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(body))
	if err != nil {
		t.Fatalf("the function answered %d %s", answer.StatusCode, body)
	}
	return pid
}
