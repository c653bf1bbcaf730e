package tus

// SetFree says how many bytes the disk has.
func (o *Options) SetFree(free func() int64) {
	o.free = func(string) (int64, error) { return free(), nil }
}
