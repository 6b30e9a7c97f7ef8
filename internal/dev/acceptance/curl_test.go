package acceptance_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The tests need Go alone, so where the pages type curl they bring a small one: this program itself, called by that name.
func init() {
	if filepath.Base(os.Args[0]) != "curl" {
		return
	}
	if err := curl(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "curl:", err)
		os.Exit(2)
	}
	os.Exit(0)
}

// curlOnly returns a folder with that curl in it.
func curlOnly(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(self, filepath.Join(folder, "curl")); err != nil {
		t.Fatal(err)
	}
	return folder
}

// call is what curl's arguments ask for.
type call struct {
	url, method, data, out, format string
	headers                        http.Header
}

// writtenHeader is how -w asks for a header of the answer.
var writtenHeader = regexp.MustCompile(`%header\{([\w-]+)\}`)

// curl does what curl does for the options that the pages use, and refuses all others.
func curl(arguments []string, stdout io.Writer) error {
	c, err := parseCurl(arguments)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(c.method, c.url, strings.NewReader(c.data))
	if err != nil {
		return err
	}
	request.Header = c.headers
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if c.out == "" {
		_, _ = stdout.Write(body)
	} else if err := os.WriteFile(c.out, body, 0o600); err != nil {
		return err
	}
	format := writtenHeader.ReplaceAllStringFunc(c.format, func(s string) string {
		return response.Header.Get(writtenHeader.FindStringSubmatch(s)[1])
	})
	_, err = io.WriteString(stdout, strings.NewReplacer("%{http_code}", strconv.Itoa(response.StatusCode), `\n`, "\n").Replace(format))
	return err
}

func parseCurl(arguments []string) (call, error) {
	c := call{method: http.MethodGet, headers: http.Header{}}
	for len(arguments) > 0 {
		option := arguments[0]
		arguments = arguments[1:]
		if option == "-s" {
			continue
		}
		if !strings.HasPrefix(option, "-") {
			if c.url != "" {
				return c, fmt.Errorf("two addresses: %s and %s", c.url, option)
			}
			c.url = option
			continue
		}
		if len(arguments) == 0 {
			return c, fmt.Errorf("%s: not an option of this small curl, or without its value", option)
		}
		if err := c.set(option, arguments[0]); err != nil {
			return c, err
		}
		arguments = arguments[1:]
	}
	if c.url == "" {
		return c, errors.New("no address")
	}
	if c.data != "" && c.headers.Get("Content-Type") == "" {
		c.headers.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return c, nil
}

func (c *call) set(option, value string) error {
	switch option {
	case "-X":
		c.method = value
	case "-H":
		name, text, ok := strings.Cut(value, ":")
		if !ok {
			return fmt.Errorf("-H %q: not a header", value)
		}
		c.headers.Add(name, strings.TrimSpace(text))
	case "-d":
		if c.method == http.MethodGet {
			c.method = http.MethodPost
		}
		if value == "@-" {
			typed, err := io.ReadAll(os.Stdin)
			if err != nil {
				return err
			}
			value = strings.ReplaceAll(string(typed), "\n", "")
		}
		c.data = strings.TrimPrefix(c.data+"&"+value, "&")
	case "-o":
		c.out = value
	case "-w":
		c.format = value
	default:
		return fmt.Errorf("%s: not an option of this small curl", option)
	}
	return nil
}
