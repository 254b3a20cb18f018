//go:build !race

package encryption

const poolsForget = false
