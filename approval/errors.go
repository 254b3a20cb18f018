package approval

import "errors"

// The refusals. Errors of the store and the recorder come through wrapped, so
// that errors.As finds what the ledger said.
var (
	// ErrInvalid: the ask or the vote lacks what it must have.
	ErrInvalid = errors.New("approval: not a valid ask or vote")
	// ErrTooMany: the bound on open requests is reached.
	ErrTooMany = errors.New("approval: too many requests wait for approval: have some decided or used first")
	// ErrNotFound: there is no such request, or the id is not one.
	ErrNotFound = errors.New("approval: no such request")
	// ErrDamaged: an object of the request is not as it was written; the
	// request cannot be used any more, ask for a new one.
	ErrDamaged = errors.New("approval: the request's objects are damaged: ask for a new approval")
	// ErrSelf: the voter is the requester.
	ErrSelf = errors.New("approval: nobody can approve or deny what they asked for themselves")
	// ErrElsewhere: the request was asked, or voted on, under another key, so that
	// it cannot be told here whether the voter is one of those people, or the
	// request the one that was approved.
	ErrElsewhere = errors.New("approval: another gateway was asked, with another HMAC key: go there, or have the gateways given the same one")
	// ErrNotEntitled: the policy does not let this voter vote.
	ErrNotEntitled = errors.New("approval: the policy does not name you as an approver")
	// ErrVoted: this person voted already.
	ErrVoted = errors.New("approval: you have voted on this already")
	// ErrDecided: the vote came after the decision and does not count.
	ErrDecided = errors.New("approval: the request is decided already")
	// ErrPending: the claim came before the approval.
	ErrPending = errors.New("approval: the request is not approved yet")
	// ErrDenied: the request was denied.
	ErrDenied = errors.New("approval: the request was denied")
	// ErrExpired: the request's time is over.
	ErrExpired = errors.New("approval: the request has expired: ask for a new approval")
	// ErrUsed: the approval is spent.
	ErrUsed = errors.New("approval: the approval was used already: ask for a new one")
	// ErrBinding: what is to run is not what was approved.
	ErrBinding = errors.New("approval: the request is not the one that was approved: ask for a new approval")
)
