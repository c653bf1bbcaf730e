package webm

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// step goes past one element, or past damage. It always moves forward.
func (d *Reader) step() {
	if d.inCluster && d.clusterEnd != unknownSize && d.pos >= d.clusterEnd {
		d.inCluster = false
	}
	e, ok := parseElement(d.w.Peek(d.pos, maxHeader))
	if !ok || !d.plausible(e) {
		d.resync(d.pos)
		return
	}
	start, data := d.pos, d.pos+int64(e.header)
	end := data + e.size
	switch e.id {
	case idSegment:
		d.pos = data
		return
	case idEBML:
		d.append(start)
	case idCluster:
		d.inCluster, d.cluster = true, d.latestTicks()
		d.clusterEnd = unknownSize
		if e.size != unknownSize {
			d.clusterEnd = end
		}
		d.pos = data
		return
	case idTimestamp:
		d.cluster = d.ticks(parseUint(d.w.Peek(data, int(e.size))))
		if d.cluster-d.latestTicks() > farAhead && d.contradicted(start, end) {
			return
		}
	case idSimpleBlock, idBlockGroup:
		// What follows a block shows whether the block is whole: where bytes were cut out, its end lies amid something else.
		if !d.begins(end) {
			d.resync(start)
			return
		}
		frames, ok := d.block(e.id, data, e.size)
		if !ok {
			d.damaged(start, end, container.Corrupt)
		}
		d.queue = frames
	}
	d.pos = end
}

// plausible reports whether an element may stand at the current position and lies within the file.
func (d *Reader) plausible(e element) bool {
	rest := d.w.Size() - d.pos - int64(e.header)
	switch e.id {
	case idSegment, idCluster:
		return e.size == unknownSize || e.size >= 0 && (e.size <= rest || e.id == idSegment || d.clusterFits(e))
	case idTimestamp:
		return d.inCluster && e.size >= 1 && e.size <= 8 && e.size <= rest
	case idSimpleBlock, idBlockGroup:
		return d.inCluster && e.size >= 4 && e.size <= min(rest, container.MaxPacketSize)
	case idEBML, idSeekHead, idInfo, idTracks, idCues, idTags, idChapters, idAttachments, idVoid, idCRC, idPosition, idPrevSize, idSilent:
		return e.size >= 0 && e.size <= rest
	default:
		return d.inCluster && d.unknown(e, d.pos)
	}
}

// maxUnknown is the longest element of an unknown kind that is stepped over. Damage may look like one of any length.
const maxUnknown = 1 << 20

// unknown reports whether what looks like an element of a kind that is not known here is one, as EBML has readers skip (RFC 8794,
// 11.2): two known ones must follow, each where the one before ends, or it is damage.
func (d *Reader) unknown(e element, at int64) bool {
	end := at + int64(e.header) + e.size
	if e.size < 0 || e.size > maxUnknown || !d.known(end) {
		return false
	}
	next, ok := parseElement(d.w.Peek(end, maxHeader))
	return end == d.w.Size() || ok && (next.id > 0xffffff || next.size >= 0 && d.known(end+int64(next.header)+next.size))
}

// clusterFits lets a cluster state a size beyond the end of a truncated file: its first blocks may be there.
func (d *Reader) clusterFits(e element) bool { return e.size < 1<<32 }

// begins reports whether an element that may follow a block begins at off, or the file or cluster ends there.
func (d *Reader) begins(off int64) bool {
	if d.known(off) {
		return true
	}
	e, ok := parseElement(d.w.Peek(off, maxHeader))
	return ok && d.unknown(e, off)
}

// known is begins for the kinds that are known here.
func (d *Reader) known(off int64) bool {
	if off == d.w.Size() {
		return true
	}
	head := d.w.Peek(off, maxHeader)
	e, ok := parseElement(head)
	if !ok {
		// A head that is cut off by the end of the file is the truncation's fault, not the block's.
		return off+maxHeader > d.w.Size() && len(head) > 0 && head[0] != 0 && headBegins(head)
	}
	switch e.id {
	case idSimpleBlock, idBlockGroup, idTimestamp, idCluster, idSegment, idEBML, idCues, idTags, idSeekHead, idVoid, idCRC, idPosition, idPrevSize, idChapters, idAttachments, idInfo, idTracks, idSilent:
		return true
	default:
		return false
	}
}

func headBegins(head []byte) bool {
	return head[0] == idSimpleBlock || head[0] == idBlockGroup || head[0] == 0x1f || head[0] == idVoid || head[0] == 0x1c || head[0] == 0x12
}

// append handles a second file that was appended to the first, as by a recorder that was started again into the same file. Its
// times begin anew; how long the recorder was off is not known, so its packets follow at once, and the seam is stated.
func (d *Reader) append(at int64) {
	if d.latest() == 0 {
		return
	}
	if _, stamp, found := d.findCluster(at); found && stamp+d.base >= d.latest()-time.Second {
		return // it goes on with the first one's clock
	}
	d.base = d.latest()
	for _, s := range d.byNumber {
		s.afterLoss = true
	}
	d.loss.Add(container.Damage{Cause: container.Hole, From: d.base, To: d.base, Offset: at})
	d.inCluster = false
}

func (d *Reader) ticks(v uint64) time.Duration {
	if v > uint64(container.MaxDuration/d.head.scale) {
		return container.MaxDuration + time.Second
	}
	return time.Duration(v) * d.head.scale
}

// latestTicks is the time of a cluster that has not stated its own yet.
func (d *Reader) latestTicks() time.Duration { return max(d.latest()-d.base, 0) }

// block reads the head of a block and queues its frames; ok is false where it is not one that can be used.
func (d *Reader) block(id uint32, at, size int64) (frames []frame, ok bool) {
	key, duration := false, time.Duration(0)
	if id == idBlockGroup {
		if at, size, key, duration, ok = d.group(at, size); !ok {
			return nil, false
		}
	}
	head := d.w.Peek(at, int(min(size, 4096)))
	number, n := parseSize(head)
	if n == 0 || len(head) < n+3 {
		return nil, false
	}
	s := d.byNumber[uint64(number)]
	relative := time.Duration(int16(binary.BigEndian.Uint16(head[n:]))) * d.head.scale
	flags := head[n+2]
	if id == idSimpleBlock {
		key = flags&0x80 != 0
	}
	if s == nil {
		return nil, number > 0 && number < 127 // a track that is not of interest
	}
	header := int64(n + 3)
	sizes, lacing, ok := lace(flags>>1&3, head[header:], size-header)
	if !ok {
		return nil, false
	}
	offset := at + header + lacing
	pts := d.base + d.cluster + relative - s.Delay
	for _, length := range sizes {
		p := container.Packet{Track: s.ID, PTS: pts, DTS: container.NoTime, Key: key || s.Kind == container.Audio,
			Size: int(length) + len(s.stripped), Offset: offset, Duration: duration / time.Duration(len(sizes))}
		if p.Duration == 0 && s.Kind == container.Audio {
			p.Duration = d.soundDuration(s.track, offset, length)
		}
		frames = append(frames, frame{Packet: p, track: s.track})
		pts += p.Duration
		offset += length
	}
	return frames, true
}

// group looks into a BlockGroup for its block and what qualifies it. DiscardPadding (RFC 9559, 5.1.3.5.7) is left aside: it
// says how many samples of the last packet an encoder has made up, less than 20 ms for Opus, and recorders in browsers do not write
// it. A playback file without it sounds that much longer at its end; nothing is out of step for it, since all times are counted from
// the front, and the timeline's duration is that of the packets that are there.
func (d *Reader) group(at, size int64) (blockAt, blockSize int64, key bool, duration time.Duration, ok bool) {
	key = true
	for end := at + size; at < end; {
		e, valid := parseElement(d.w.Peek(at, maxHeader))
		if !valid || e.size == unknownSize || e.size > end-at-int64(e.header) {
			return 0, 0, false, 0, false
		}
		data := at + int64(e.header)
		switch e.id {
		case idBlock:
			blockAt, blockSize, ok = data, e.size, e.size >= 4
		case idReference:
			key = false
		case idBlockDur:
			duration = min(d.ticks(parseUint(d.w.Peek(data, int(min(e.size, 8))))), time.Minute)
		}
		at = data + e.size
	}
	return blockAt, blockSize, key, duration, ok
}

// farAhead is how far a cluster may lie behind the one before without being doubted.
const farAhead = 30 * time.Second

// contradicted reports whether the cluster behind this one lies before it: then this one's time stamp is damaged, and believing
// it would make everything that follows run backwards. The cluster is stepped over.
func (d *Reader) contradicted(start, from int64) bool {
	next, at, found := d.findCluster(from)
	if !found || at >= d.cluster {
		return false
	}
	d.damaged(start, next, container.Corrupt)
	d.pos, d.inCluster = next, false
	return true
}

// clusterID is what damage is scanned for: the four bytes that begin a cluster.
var clusterID = []byte{0x1f, 0x43, 0xb6, 0x75}

// resync goes from damage that begins at start to the next cluster that makes sense, or to the end of the file.
func (d *Reader) resync(start int64) {
	at, _, found := d.findCluster(start + 1)
	if !found {
		d.damaged(start, d.w.Size(), container.Truncated)
		d.pos = d.w.Size()
		return
	}
	d.damaged(start, at, container.Hole)
	d.pos, d.inCluster = at, false
}

// findCluster looks for the next cluster that makes sense at or behind an offset, and gives its place and its time stamp.
func (d *Reader) findCluster(from int64) (at int64, stamp time.Duration, found bool) {
	for at = from; at < d.w.Size(); {
		view := d.w.Peek(at, container.WindowSize)
		if len(view) < len(clusterID) {
			break
		}
		i := bytes.Index(view, clusterID)
		if i < 0 {
			at += int64(len(view) - len(clusterID) + 1)
			continue
		}
		at += int64(i)
		if stamp, ok := d.sensible(at); ok {
			return at, stamp, true
		}
		at++
	}
	return d.w.Size(), 0, false
}

// sensible reports whether a cluster begins at off: a time stamp that can be, soon after its head.
func (d *Reader) sensible(off int64) (stamp time.Duration, ok bool) {
	e, ok := parseElement(d.w.Peek(off, maxHeader))
	if !ok || e.id != idCluster {
		return 0, false
	}
	at := off + int64(e.header)
	for range 4 {
		child, ok := parseElement(d.w.Peek(at, maxHeader))
		if !ok || child.size < 0 || child.size > d.w.Size()-at {
			return 0, false
		}
		data := at + int64(child.header)
		switch child.id {
		case idTimestamp:
			stamp = d.ticks(parseUint(d.w.Peek(data, int(min(child.size, 8)))))
			return stamp, child.size >= 1 && child.size <= 8 && stamp <= container.MaxDuration
		case idVoid, idCRC, idPosition, idPrevSize:
			at = data + child.size
		default:
			return 0, false
		}
	}
	return 0, false
}

func (d *Reader) damaged(from, to int64, cause container.Cause) {
	d.loss.Open(container.Damage{Cause: cause, From: d.latest(), To: d.latest(), Offset: from, Bytes: to - from})
	for _, s := range d.byNumber {
		s.afterLoss = true
	}
}
