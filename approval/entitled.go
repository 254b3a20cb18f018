package approval

// Entitles says whether the policy lets v vote on a request of requester's: v
// holds one of its values, as the requester's own issuer vouches. It does not
// ask whether the two are the same person; nobody votes on their own request.
func (p Policy) Entitles(v Voter, requester Person) bool {
	_, ok := p.via(v)
	return ok && v.colleague(requester)
}
