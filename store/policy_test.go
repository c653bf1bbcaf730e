package store

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

func TestAnExamFromBeforePhonesHadAPolicyHasTheDefault(t *testing.T) {
	var p policy
	require.NoError(t, p.Scan(`{"face":"shown","timing":"paper"}`))
	assert.Equal(t, exam.PhonePolicy{Pan: 330, End: exam.EndWithAttempt}, exam.Policy(p).Phone)
	require.NoError(t, p.Scan(`{"phone":{"pan":0,"end":"hand"}}`))
	assert.Equal(t, exam.PhonePolicy{Pan: 0, End: exam.EndByHand}, exam.Policy(p).Phone)
}
