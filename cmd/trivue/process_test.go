package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSeveralFilesMayFollowOneFlag(t *testing.T) {
	for _, c := range []struct {
		name       string
		args, want []string
	}{
		{"patterns", []string{"process", "--camera", "a", "b", "--screen", "c", "--out", "d"}, []string{"process", "--camera=a", "--camera=b", "--screen=c", "--out", "d"}},
		{"repeated", []string{"process", "--camera", "a", "--camera", "b"}, []string{"process", "--camera=a", "--camera=b"}},
		{"with equals", []string{"process", "--phone=a", "--out=d"}, []string{"process", "--phone=a", "--out=d"}},
		{"out first", []string{"process", "--out", "d", "--phone", "x"}, []string{"process", "--out", "d", "--phone=x"}},
		{"no file", []string{"process", "--camera", "--out", "d"}, []string{"process", "--camera", "--out", "d"}},
		{"no file at the end", []string{"process", "--camera"}, []string{"process", "--camera"}},
		{"other command", []string{"serve", "--data", "x", "y"}, []string{"serve", "--data", "x", "y"}},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, gatherFiles(c.args)) })
	}
}
