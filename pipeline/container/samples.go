package container

import "time"

// farAway is a time that no recording reaches, small enough to be added to another one.
const farAway = 100 * 365 * 24 * time.Hour

// SamplesToTime is how long a number of samples lasts; absurd numbers give an absurd time, of a hundred years. Whole seconds are taken
// apart first: a day of samples in nanoseconds times the rate does not fit into 64 bits.
func SamplesToTime(samples int64, rate int) time.Duration {
	r := int64(rate)
	switch far := int64(farAway / time.Second); {
	case samples/r > far:
		return farAway
	case samples/r < -far:
		return -farAway
	}
	return time.Duration(samples/r)*time.Second + time.Duration(samples%r)*time.Second/time.Duration(r)
}

// ID3Size is the length of the ID3v2 tag that begins with these bytes (id3.org, "ID3 tag version 2.4.0", 3.1), 0 where none does.
// Programs put one in front of sound files of every kind; its size is in groups of seven bits.
func ID3Size(b []byte) int64 {
	const head, footer = 10, 0x10
	if len(b) < head || string(b[:3]) != "ID3" || b[3] == 0xff || b[4] == 0xff || (b[6]|b[7]|b[8]|b[9])&0x80 != 0 {
		return 0
	}
	size := head + int64(b[6])<<21 + int64(b[7])<<14 + int64(b[8])<<7 + int64(b[9])
	if b[5]&footer != 0 {
		size += head
	}
	return size
}
