package oidc

import (
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of what sign-in takes.
const (
	defaultLifetime = time.Hour
	maximumLifetime = 24 * time.Hour
	maximumField    = 255
	maximumForm     = 64 * 1024
)

// Person is who signs in.
type Person struct {
	Account string
	Subject string
	Roles   []string
	Name    string // optional
	Email   string // optional
	// Lifetime is how long the token is good for.
	Lifetime time.Duration
}

// fieldError says which field of the form is wrong, and what to send instead.
type fieldError struct{ field, detail string }

// SignIn answers POST with a token for whoever the form names.
func (i *Issuer) SignIn() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			problem(w, http.StatusMethodNotAllowed, "method_not_allowed", "Sign in with POST.", nil)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maximumForm)
		if err := r.ParseForm(); err != nil {
			problem(w, http.StatusBadRequest, "malformed_request", "The body is not a form (application/x-www-form-urlencoded).", nil)
			return
		}
		person, wrong := readPerson(r.PostFormValue)
		if wrong != nil {
			problem(w, http.StatusBadRequest, "invalid_field", wrong.detail, wrong)
			return
		}
		token, err := i.Sign(i.Claims(person))
		if err != nil {
			problem(w, http.StatusInternalServerError, "internal", "The token could not be signed.", nil)
			return
		}
		answer(w, http.StatusOK, map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": int(person.Lifetime.Seconds())})
	})
}

func readPerson(form func(string) string) (p Person, wrong *fieldError) {
	for _, f := range []struct {
		name     string
		into     *string
		required bool
	}{{"account", &p.Account, true}, {"subject", &p.Subject, true}, {"name", &p.Name, false}, {"email", &p.Email, false}} {
		if *f.into, wrong = text(f.name, form(f.name), f.required); wrong != nil {
			return p, wrong
		}
	}
	if strings.ContainsFunc(p.Account, unicode.IsSpace) {
		return p, &fieldError{"account", "account must not contain spaces, for example acc_demo."}
	}
	if _, err := mail.ParseAddress(p.Email); p.Email != "" && err != nil {
		return p, &fieldError{"email", "email must be an address, for example ada@example.com."}
	}
	if p.Roles, wrong = roles(form("roles")); wrong != nil {
		return p, wrong
	}
	p.Lifetime, wrong = lifetime(form("expiresIn"))
	return p, wrong
}

func text(name, value string, required bool) (string, *fieldError) {
	switch {
	case required && strings.TrimSpace(value) == "":
		return "", &fieldError{name, name + " is missing: send account, subject and roles as form fields."}
	case utf8.RuneCountInString(value) > maximumField:
		return "", &fieldError{name, name + " is longer than 255 characters."}
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		return "", &fieldError{name, name + " contains characters that cannot be printed."}
	}
	return value, nil
}

func roles(value string) ([]string, *fieldError) {
	if _, wrong := text("roles", value, true); wrong != nil {
		return nil, wrong
	}
	list := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(list) == 0 {
		return nil, &fieldError{"roles", "roles names no role: send for example viewer, analyst or admin."}
	}
	return list, nil
}

func lifetime(value string) (time.Duration, *fieldError) {
	if value == "" {
		return defaultLifetime, nil
	}
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 1 || seconds > int(maximumLifetime.Seconds()) {
		return 0, &fieldError{"expiresIn", "expiresIn must be a whole number of seconds from 1 to 86400."}
	}
	return time.Duration(seconds) * time.Second, nil
}

func problem(w http.ResponseWriter, status int, code, detail string, wrong *fieldError) {
	body := map[string]any{
		"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail, "error": http.StatusText(status), "code": code,
	}
	if wrong != nil {
		body["errors"] = []map[string]string{{"field": wrong.field, "code": code, "detail": wrong.detail}}
	}
	w.Header().Set("Content-Type", "application/problem+json")
	answer(w, status, body)
}
