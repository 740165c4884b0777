// A validator of gno.land towards its signer: the constructor that its node calls, and what its node asks for at each
// height. The client compares every reply with its request, field by field, and drops the link where one differs.
//
// Prints one line a height. Any error ends the program with a code other than 0.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/gnolang/gno/tm2/pkg/bft/privval"
	"github.com/gnolang/gno/tm2/pkg/bft/types"
	"github.com/gnolang/gno/tm2/pkg/crypto"
	tm "github.com/gnolang/gno/tm2/pkg/crypto/ed25519"
)

func main() {
	log.SetFlags(0)
	listen := flag.String("listen", "", "where the signer dials: unix:///path or tcp://127.0.0.1:port")
	allow := flag.String("allow", "", "over tcp: the only signer's key, in hex")
	chain := flag.String("chain", "", "chain id")
	key := flag.String("key", "", "the validator's key, in hex")
	heights := flag.Int64("heights", 20, "how many heights")
	flag.Parse()

	consensus, err := hex.DecodeString(*key)
	if err != nil || len(consensus) != ed25519.PublicKeySize {
		log.Fatalf("%q is no key: %v", *key, err)
	}
	validator, err := connect(*listen, *allow, *chain)
	if err != nil {
		log.Fatalf("no signer: %v", err)
	}
	if err := sign(validator, *chain, consensus, *heights); err != nil {
		log.Fatal(err)
	}
	if err := validator.Close(); err != nil {
		log.Fatalf("at the end: %v", err)
	}
}

// connect listens as the node does and waits for the signer.
func connect(listen, allow, chain string) (types.PrivValidator, error) {
	config := privval.DefaultPrivValidatorConfig()
	config.TmkmsListener.ListenAddr = listen
	config.TmkmsListener.ChainID = chain
	if allow != "" {
		config.TmkmsListener.AllowedKMSPubKeys = []string{allow}
	}
	// The first try must do: another one would hide a link that was dropped.
	config.TmkmsListener.Retries = 1
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return privval.NewPrivValidatorFromConfig(config, tm.GenPrivKey(), logger)
}

// sign asks for a proposal, a prevote and a precommit of each height; on every fifth height for a round of nil before.
func sign(validator types.PrivValidator, chain string, key ed25519.PublicKey, heights int64) error {
	got, ok := validator.PubKey().(tm.PubKeyEd25519)
	if !ok || !bytes.Equal(got[:], key) {
		return fmt.Errorf("another key than the validator's: %v", validator.PubKey())
	}
	address := validator.PubKey().Address()
	for height := int64(1); height <= heights; height++ {
		round := 0
		if height%5 == 0 {
			for _, step := range []types.SignedMsgType{types.PrevoteType, types.PrecommitType} {
				if err := signVote(validator, chain, key, newVote(address, step, height, round, types.BlockID{})); err != nil {
					return err
				}
			}
			round++
		}
		block := block(height)
		proposal := types.NewProposal(height, round, -1, block)
		if err := validator.SignProposal(chain, proposal); err != nil {
			return fmt.Errorf("proposal %d/%d: %w", height, round, err)
		}
		if !ed25519.Verify(key, proposal.SignBytes(chain), proposal.Signature) {
			return fmt.Errorf("proposal %d/%d: the signature does not verify", height, round)
		}
		for _, step := range []types.SignedMsgType{types.PrevoteType, types.PrecommitType} {
			if err := signVote(validator, chain, key, newVote(address, step, height, round, block)); err != nil {
				return err
			}
		}
		fmt.Printf("height %d\n", height)
	}
	return nil
}

func signVote(validator types.PrivValidator, chain string, key ed25519.PublicKey, vote *types.Vote) error {
	if err := validator.SignVote(chain, vote); err != nil {
		return fmt.Errorf("vote %v: %w", vote, err)
	}
	if !ed25519.Verify(key, vote.SignBytes(chain), vote.Signature) {
		return fmt.Errorf("vote %v: the signature does not verify", vote)
	}
	return nil
}

func newVote(
	address crypto.Address, step types.SignedMsgType, height int64, round int, block types.BlockID,
) *types.Vote {
	return &types.Vote{
		Type:             step,
		Height:           height,
		Round:            round,
		BlockID:          block,
		Timestamp:        time.Now().UTC(),
		ValidatorAddress: address,
		ValidatorIndex:   3,
	}
}

// block names a block of this height; no two heights have the same.
func block(height int64) types.BlockID {
	hash := sha256.Sum256(fmt.Appendf(nil, "block %d", height))
	parts := sha256.Sum256(hash[:])
	return types.BlockID{Hash: hash[:], PartsHeader: types.PartSetHeader{Total: 7, Hash: parts[:]}}
}
