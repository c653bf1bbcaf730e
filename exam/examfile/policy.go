package examfile

import (
	"errors"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/trivue/trivue/exam"
)

// readPolicy reads the policy; what is not in the file stays as it is by default.
func (r *reader) readPolicy(f field) {
	if f.value.Tag == "!!null" {
		return
	}
	fields := r.mapping(f.value, "policy", "skip", "windows", "face", "loginTries", "timing", "support", "phone")
	p := &r.content.Exam.Policy
	if f, ok := fields["skip"]; ok {
		for _, node := range r.sequence(f) {
			if value, ok := r.scalar(node, "skip", false, 100); ok {
				step := exam.Step(value)
				r.try(node, func(p *exam.Policy) { p.Skip = []exam.Step{step} })
				if p.Skips(step) {
					r.fail(at(node), "%s is left out twice: remove one", step)
				}
				p.Skip = append(p.Skip, step)
			}
		}
	}
	for name, set := range map[string]func(*exam.Policy, string){
		"face":    func(p *exam.Policy, v string) { p.Face = exam.Face(v) },
		"timing":  func(p *exam.Policy, v string) { p.Timing = exam.Timing(v) },
		"support": func(p *exam.Policy, v string) { p.Support = v },
	} {
		if f, ok := fields[name]; ok {
			if value, ok := r.scalar(f.value, name, false, maxTitle); ok {
				r.try(f.value, func(p *exam.Policy) { set(p, value) })
				set(p, value)
			}
		}
	}
	if f, ok := fields["loginTries"]; ok {
		if value, ok := r.scalar(f.value, "loginTries", false, 100); ok {
			tries, err := strconv.Atoi(value)
			if err != nil {
				r.fail(at(f.value), "loginTries is %q: write a whole number", value)
			} else {
				r.try(f.value, func(p *exam.Policy) { p.LoginTries = tries })
				p.LoginTries = tries
			}
		}
	}
	if f, ok := fields["windows"]; ok {
		r.readWindows(f)
	}
	if f, ok := fields["phone"]; ok {
		r.readPhone(f)
	}
}

func (r *reader) readPhone(f field) {
	if f.value.Tag == "!!null" {
		return
	}
	fields := r.mapping(f.value, "phone", "pan", "end")
	p := &r.content.Exam.Policy
	if f, ok := fields["pan"]; ok {
		if value, ok := r.scalar(f.value, "pan", false, 100); ok {
			degrees, err := strconv.Atoi(value)
			if err != nil {
				r.fail(at(f.value), "pan is %q: write whole degrees, such as 330, or 0 for none", value)
			} else {
				r.try(f.value, func(p *exam.Policy) { p.Phone.Pan = degrees })
				p.Phone.Pan = degrees
			}
		}
	}
	if f, ok := fields["end"]; ok {
		if value, ok := r.scalar(f.value, "end", false, 100); ok {
			r.try(f.value, func(p *exam.Policy) { p.Phone.End = exam.PhoneEnd(value) })
			p.Phone.End = exam.PhoneEnd(value)
		}
	}
}

func (r *reader) readWindows(f field) {
	if f.value.Tag == "!!null" {
		return
	}
	w := exam.DefaultPolicy().Windows
	fields := r.mapping(f.value, "windows", "login", "entry", "upload")
	var unread bool
	for name, f := range fields {
		d, ok := r.duration(f)
		unread = unread || !ok
		switch name {
		case "login":
			w.Login = d
		case "entry":
			w.Entry = d
		default:
			w.Upload = d
		}
	}
	if !unread {
		r.try(f.key, func(p *exam.Policy) { p.Windows = w })
	}
	r.content.Exam.Policy.Windows = w
}

// try reports at a node what the rules have against a policy that differs from the default in one thing.
func (r *reader) try(n *yaml.Node, change func(*exam.Policy)) {
	p := exam.DefaultPolicy()
	change(&p)
	var joined interface{ Unwrap() []error }
	if errors.As(p.Validate(), &joined) {
		for _, one := range joined.Unwrap() {
			r.fail(at(n), "%v", one)
		}
	}
}
