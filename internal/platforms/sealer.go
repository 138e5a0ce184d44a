package platforms

// A Sealer keeps what an adapter must remember between two steps and nobody may read: the address of an upload that whoever has it can write to. What is
// sealed opens for the same account only, and not for ever: once the operator's key is gone it is lost, as it is when the platform forgets it.
type Sealer interface {
	// Seal gives a text that may stand in State.Data.
	Seal(s Secret) string
	// Open is the reverse; false where it cannot be opened any more.
	Open(sealed string) (Secret, bool)
}
