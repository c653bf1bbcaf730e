package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configuration is the content of the configuration file: flag names and their values.
type configuration map[string]any

// loadConfiguration reads a configuration file. Its names are checked once the flags are known (Validate).
func loadConfiguration(r io.Reader) (kong.Resolver, error) {
	values := configuration{}
	if err := yaml.NewDecoder(r).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return values, nil
}

// Validate refuses names that no flag has: a misspelt key that is silently ignored is a setting that is not in force.
func (c configuration) Validate(app *kong.Application) error {
	var known []string
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known = append(known, flag.Name)
		}
		return next(nil)
	})
	for name := range c {
		if !slices.Contains(known, name) {
			slices.Sort(known)
			return fmt.Errorf("configuration: there is no setting %q; there are: %s", name, strings.Join(slices.Compact(known), ", "))
		}
	}
	return nil
}

// Resolve gives a flag's value. The command line comes first by kong's own rules; the environment would not, as kong takes it for
// a default.
func (c configuration) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	value, ok := c[flag.Name]
	if !ok {
		return nil, nil
	}
	return value, nil
}

// nameAsFlags lets every flag be given by its own name in the environment: --s3-bucket as TRIVUE_S3_BUCKET, which kong would have as
// TRIVUE_S_3_BUCKET. That name is heard too, as systems are configured by it.
func nameAsFlags(k *kong.Kong) error {
	return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && len(flag.Envs) > 0 {
			name := "TRIVUE_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
			if !slices.Contains(flag.Envs, name) {
				flag.Envs = slices.Insert(flag.Envs, 0, name)
				flag.Value.Tag.Envs = slices.Clone(flag.Envs)
			}
		}
		return next(nil)
	})
}
