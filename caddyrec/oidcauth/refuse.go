package oidcauth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/identity"
	"github.com/caddyrec/caddyrec/record"
)

// refusal is why a request does not pass, and how it is told.
type refusal struct {
	status     int
	reason     string // for programs and the record
	title      string
	detail     string
	challenge  string // the parameters of WWW-Authenticate: Bearer (RFC 6750 section 3)
	retry      time.Duration
	unverified *record.Identity
}

// bearer takes the one bearer token from the Authorization header. Two are
// refused: which one counts would depend on who reads them.
func bearer(h http.Header) (string, *refusal) {
	values := h["Authorization"]
	switch {
	case len(values) == 0:
		// RFC 6750 section 3.1: no error code when no token came.
		return "", &refusal{status: http.StatusUnauthorized, reason: "token-missing", title: "A bearer token is needed",
			detail: "send Authorization: Bearer <access token>"}
	case len(values) > 1:
		return "", &refusal{status: http.StatusBadRequest, reason: "token-twice", title: "More than one Authorization header",
			detail: "send one", challenge: `error="invalid_request"`}
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " ,\t") {
		return "", &refusal{status: http.StatusUnauthorized, reason: "token-missing", title: "A bearer token is needed",
			detail: "send Authorization: Bearer <access token>"}
	}
	return token, nil
}

// refusalOf tells why a token was not verified.
func refusalOf(err error) refusal {
	var (
		bad  *identity.TokenError
		away *identity.UnavailableError
	)
	switch {
	case errors.As(err, &bad):
		r := refusal{status: http.StatusUnauthorized, reason: "token-" + bad.Reason, title: "The access token is not valid",
			detail:    bad.Error(), // with what to do: a new token helps against some reasons only
			challenge: fmt.Sprintf(`error="invalid_token", error_description="%s"`, bad.Reason)}
		if bad.Unverified.Subject != "" {
			r.unverified = &record.Identity{Issuer: bad.Unverified.Issuer, Subject: bad.Unverified.Subject}
		}
		return r
	case errors.As(err, &away):
		return refusal{status: http.StatusServiceUnavailable, reason: "issuer-unavailable", title: "The identity provider's keys are not known yet",
			detail: "try again later", retry: max(away.RetryAfter, time.Second)}
	}
	// The request ended before the token was verified.
	return refusal{status: http.StatusServiceUnavailable, reason: "unverified", title: "The token could not be verified",
		detail: "try again", retry: time.Second}
}

func refusal403(need Requirement) refusal {
	return refusal{status: http.StatusForbidden, reason: "claim-" + need.Claim, title: "The token does not allow this",
		detail:    "a different value of the claim " + need.Claim + " is needed",
		challenge: `error="insufficient_scope"`}
}

func (h *Handler) refuse(w http.ResponseWriter, v *caddyrec.Visit, why refusal) error {
	v.Deny(record.Denial{By: "oidc_auth", Status: why.status, Reason: why.reason, Unverified: why.unverified}, nil)
	p := exchange.Problem{Title: why.title, Status: why.status, Reason: why.reason, Detail: why.detail, RetryAfter: why.retry}
	if why.status == http.StatusUnauthorized || why.challenge != "" {
		p.Challenge = exchange.Challenge(why.challenge)
	}
	return p.Write(w, v.Exchange)
}
