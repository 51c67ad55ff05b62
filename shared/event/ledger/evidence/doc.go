// Package evidence is what shows that an account's events are as they were sealed: leaves, a Merkle tree over them as in
// RFC 9162 section 2.1, signed checkpoints of the tree, proofs, and the export that carries all of it. It is pure, so that
// whoever checks an export runs nothing else.
//
// A checkpoint is a signed note (https://c2sp.org/signed-note) in the format of https://c2sp.org/tlog-checkpoint.
package evidence
