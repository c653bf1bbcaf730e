package exam

// What browsers report. A field that a schema does not name is kept as it was sent: it may be what a later reader needs.
const (
	EventPageOpened    EventKind = "page-opened"
	EventPageLeft      EventKind = "page-left"
	EventVisibility    EventKind = "visibility"
	EventFocus         EventKind = "focus"
	EventFullscreen    EventKind = "fullscreen"
	EventScreens       EventKind = "screens"
	EventClipboard     EventKind = "clipboard"
	EventPrint         EventKind = "print"
	EventDevices       EventKind = "devices"
	EventVirtualCamera EventKind = "virtual-camera"
	EventDeviceLost    EventKind = "device-lost"
	EventDeviceMuted   EventKind = "device-muted"
	EventDeviceProblem EventKind = "device-problem"
	EventShare         EventKind = "share"
	EventDevtools      EventKind = "devtools"
	EventNetwork       EventKind = "network"
	EventClock         EventKind = "clock"
	EventClockJump     EventKind = "clock-jump"
	EventSpace         EventKind = "space"
	EventWakeLock      EventKind = "wake-lock"
	EventBattery       EventKind = "battery"
	EventFrozen        EventKind = "frozen"
	EventPicture       EventKind = "picture"
	EventOrientation   EventKind = "orientation"
	EventPanTried      EventKind = "pan-tried"
	EventTakeBegan     EventKind = "take-began"
	EventTakeEnded     EventKind = "take-ended"
)

// Stamp is a moment by the clocks of a browser, in microseconds.
type Stamp struct {
	Wall      int64  `json:"wall"`      // calendar clock, since 1970
	Monotonic int64  `json:"monotonic"` // since the page was opened
	Server    *int64 `json:"server"`    // the server's clock as estimated there, since 1970; null while it was never reached
}

// TakeBegan is what a browser says of a take's beginning: its about.json, as far as rules read it.
type TakeBegan struct {
	Take  string `json:"take"`
	Kind  Kind   `json:"kind"`
	MIME  string `json:"mime"`
	Label string `json:"label"`
	Began struct {
		Stamp
		Reason string `json:"reason"`
	} `json:"began"`
	Run      string `json:"run"`
	Replaces string `json:"replaces"`
}

// TakeEnded is what a browser says of a take's end.
type TakeEnded struct {
	Take string `json:"take"`
	End  struct {
		Stamp
		Reason string `json:"reason"`
	} `json:"end"`
	Milliseconds int64 `json:"ms"`
	Damaged      int64 `json:"damaged"` // chunks that were no longer on the disk as recorded
}

type runData struct {
	Run string `json:"run"`
}

type labelled struct {
	Label string `json:"label"`
}

// reports gives for each kind that browsers report where its data goes.
var reports = map[EventKind]func() any{
	EventPageOpened: func() any {
		return new(struct {
			runData
			Navigation *string `json:"navigation"`
			Agent      string  `json:"agent"`
			Processors int     `json:"processors"`
		})
	},
	EventPageLeft: func() any { return new(runData) },
	EventVisibility: func() any {
		return new(struct {
			Visible bool `json:"visible"`
		})
	},
	EventFocus: func() any {
		return new(struct {
			Focused bool `json:"focused"`
		})
	},
	EventFullscreen: func() any {
		return new(struct {
			On bool `json:"on"`
		})
	},
	EventScreens: func() any {
		return new(struct {
			Extended *bool `json:"extended"`
			Screens  []struct {
				Width    float64 `json:"width"`
				Height   float64 `json:"height"`
				Primary  bool    `json:"primary"`
				Internal bool    `json:"internal"`
				Label    string  `json:"label"`
			} `json:"screens"`
		})
	},
	EventClipboard: func() any {
		return new(struct {
			Action string  `json:"action"`
			Length float64 `json:"length"`
		})
	},
	EventPrint: func() any { return new(struct{}) },
	EventDevices: func() any {
		return new(struct {
			Cameras     []string `json:"cameras"`
			Microphones []string `json:"microphones"`
			Speakers    []string `json:"speakers"`
			Virtual     []string `json:"virtual"`
		})
	},
	EventVirtualCamera: func() any { return new(labelled) },
	EventDeviceLost:    func() any { return new(deviceData) },
	EventDeviceMuted:   func() any { return new(deviceData) },
	EventDeviceProblem: func() any { return new(deviceData) },
	EventShare: func() any {
		return new(struct {
			labelled
			Surface *string `json:"surface"`
		})
	},
	EventDevtools: func() any {
		return new(struct {
			How string `json:"how"`
		})
	},
	EventNetwork: func() any {
		return new(struct {
			Online   bool     `json:"online"`
			Type     *string  `json:"type"`
			Downlink *float64 `json:"downlink"`
			RTT      *float64 `json:"rtt"`
		})
	},
	EventClock: func() any {
		return new(struct {
			Stamp
			Error *float64 `json:"error"`
			Drift *float64 `json:"drift"`
		})
	},
	EventClockJump: func() any {
		return new(struct {
			Clock string  `json:"clock"`
			By    float64 `json:"by"`
		})
	},
	EventSpace: func() any {
		return new(struct {
			Low     bool    `json:"low"`
			Full    bool    `json:"full"`
			Reserve float64 `json:"reserve"`
			Held    float64 `json:"held"`
			Removed float64 `json:"removed"`
		})
	},
	EventWakeLock: func() any {
		return new(struct {
			Held    bool    `json:"held"`
			Problem *string `json:"problem"`
		})
	},
	EventBattery: func() any {
		return new(struct {
			Level    float64 `json:"level"`
			Charging bool    `json:"charging"`
		})
	},
	EventFrozen: func() any {
		return new(struct {
			For float64 `json:"for"`
		})
	},
	EventPicture: func() any {
		return new(struct {
			Bright *float64 `json:"bright"`
			Steady *bool    `json:"steady"`
		})
	},
	EventOrientation: func() any {
		return new(struct {
			Angle float64 `json:"angle"`
			Type  *string `json:"type"`
		})
	},
	EventPanTried: func() any {
		return new(struct {
			Degrees float64 `json:"degrees"`
			Way     PanWay  `json:"way"`
			Problem *string `json:"problem"`
		})
	},
	EventTakeBegan: func() any { return new(TakeBegan) },
	EventTakeEnded: func() any { return new(TakeEnded) },
}

type deviceData struct {
	Device  string  `json:"device"`
	Muted   bool    `json:"muted"`
	Problem *string `json:"problem"`
}
