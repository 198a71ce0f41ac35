"""Every kind of number, derived by hand, is the model's own; every tree gives its own value."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from model import arithmetic
from model.arithmetic import averages as averages_by_hand
from model.catalog import EMBEDDED_FOLDER
from model.checkpoints import load_checkpoint
from model.config import Activation, GPTConfig
from model.gpt import GPT
from model.hooks import record
from model.lens import additions, lens_logits, logit_lens
from model.patterns import evenness, later_share, own_share, previous_share
from model.sampling import SamplingSettings, distribution
from model.surprise import surprise
from model.terms import Derived, combined, constant
from model.tokenizer import Tokens, start_token, tokenizer
from model.trace import Silenced

T = 7


def random_model(*, activation: Activation = "gelu_tanh", is_tied=True):
    config = GPTConfig(300, 16, 2, 4, 24, activation=activation, is_tied=is_tied)
    model = GPT(config).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3, generator=generator)
    return model


def random_run(*, silenced=None, **kind):
    model = random_model(**kind)
    pieces = (b"a", b" b", b"", b"\xf0", b"=c", b"d", b"e")
    tokens = Tokens(tuple(int(i) for i in np.random.default_rng(1).integers(0, 300, T)), pieces)
    return record(model, tokens, silenced=silenced), arrays(model)


def arrays(model):
    return {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}


@pytest.fixture(scope="module")
def embedded_model():
    return load_checkpoint(EMBEDDED_FOLDER).eval()


@pytest.fixture(scope="module")
def embedded(embedded_model):
    model = embedded_model
    size = model.config.vocab_size
    start, text = start_token(size), tokenizer(size).encode("The cat sat")
    tokens = Tokens(start.ids + text.ids, start.pieces + text.pieces)
    return record(model, tokens), arrays(model)


def every_kind(trace, parameters, *, stride):
    """Yield numbers of every kind; `stride` thins out positions, dimensions and neurons."""
    config, n = trace.config, len(trace.tokens)
    places = [
        {"position": position, "dim": dim}
        for position, dim in itertools.product(range(n), range(0, config.d_model, stride))
    ]
    norms = [f"h.{block}.{name}" for block in range(config.n_layer) for name in ("ln_1", "ln_2")]
    for place in places:
        position, dim = place["position"], place["dim"]
        yield "token", arithmetic.token_entry(trace, parameters, **place)
        yield "position", arithmetic.position_entry(trace, parameters, **place)
        yield "input", arithmetic.input_entry(trace, **place)
        for norm in [*norms, "ln_f"]:
            yield (
                "norm",
                arithmetic.norm_entry(trace, parameters, norm=norm, position=position, dim=dim),
            )
            yield "normalized", arithmetic.norm_normalized(trace, norm=norm, **place)
            for one in (arithmetic.norm_mean, arithmetic.norm_variance, arithmetic.norm_std):
                yield one.__name__, one(trace, norm=norm, position=place["position"])
        for block in range(config.n_layer):
            yield from block_kinds(trace, parameters, {"block": block, **place})
    for position, token_id in itertools.product(range(n), range(0, config.vocab_size, 40 * stride)):
        logit = arithmetic.logit(
            trace, parameters, position=position, token_id=token_id, label="it"
        )
        yield "logit", logit


def block_kinds(trace, parameters, where):
    config, n = trace.config, len(trace.tokens)
    yield "attn_out", arithmetic.attn_out_entry(trace, parameters, **where)
    yield "resid_mid", arithmetic.resid_mid_entry(trace, **where)
    yield "resid_post", arithmetic.resid_post_entry(trace, **where)
    yield "mlp_out", arithmetic.mlp_out_entry(trace, parameters, **where)
    block, position, dim = where["block"], where["position"], where["dim"]
    for neuron in (dim, config.d_mlp - 1 - dim):
        at = {"block": block, "position": position, "neuron": neuron}
        yield "mlp_pre", arithmetic.mlp_pre_entry(trace, parameters, **at)
        yield "mlp_post", arithmetic.mlp_post_entry(trace, **at)
    head, inner = dim % config.n_head, dim % config.d_head
    yield "head", arithmetic.head_contribution(trace, parameters, head=head, **where)
    at = {"block": block, "head": head, "position": position, "dim": inner}
    yield "z", arithmetic.z_entry(trace, **at)
    for part in ("q", "k", "v"):
        yield part, arithmetic.qkv_entry(trace, parameters, part=part, **at)
    for key in range(n):
        at = {"block": block, "head": head, "query": position, "key": key}
        yield "score", arithmetic.score(trace, **at)
        yield "weight", arithmetic.attention_weight(trace, **at)


def assert_agrees(kind: str, derived: Derived):
    assert abs(derived.difference) < derived.allowance, (kind, derived.term.label, derived)


@pytest.mark.parametrize("activation", ["gelu_tanh", "gelu"])
@pytest.mark.parametrize("is_tied", [True, False])
def test_every_kind_of_number_is_the_models_own(activation, is_tied):
    trace, parameters = random_run(activation=activation, is_tied=is_tied)
    kinds = set()
    for kind, derived in every_kind(trace, parameters, stride=5):
        assert_agrees(kind, derived)
        kinds.add(kind)
    assert len(kinds) == 22


def test_every_kind_of_number_of_the_embedded_model_is_its_own(embedded):
    trace, parameters = embedded
    for kind, derived in every_kind(trace, parameters, stride=97):
        assert_agrees(kind, derived)


@pytest.mark.parametrize(
    "silenced",
    [
        Silenced("head", 1, 2),
        Silenced("neuron", 0, 5),
        Silenced("attention", 1),
        Silenced("mlp", 0),
        Silenced("positions"),
        Silenced("mask"),
    ],
)
def test_a_pass_without_a_part_is_derived_without_it(silenced):
    trace, parameters = random_run(silenced=silenced)
    for kind, derived in every_kind(trace, parameters, stride=5):
        assert_agrees(kind, derived)


def test_attention_weights_of_a_row_add_up_to_one_and_masked_ones_are_zero():
    trace, _ = random_run()
    row = [
        arithmetic.attention_weight(trace, block=1, head=3, query=4, key=key) for key in range(T)
    ]
    assert math.fsum(one.term.value for one in row) == pytest.approx(1, abs=1e-7)
    assert [one.term.operation for one in row[5:]] == ["masked", "masked"]
    assert [one.model_value for one in row[5:]] == [0.0, 0.0]


@pytest.mark.parametrize(
    "settings",
    [
        SamplingSettings(),
        SamplingSettings(temperature=0.3, top_k=40),
        SamplingSettings(temperature=2.5, top_p=0.8),
        SamplingSettings(temperature=0.0),
    ],
)
def test_a_probability_is_the_share_of_what_the_filters_left(embedded, settings):
    trace, _ = embedded
    found = distribution(trace.logits[-1], settings)
    order = np.argsort(-found.probs)
    for token_id in [*order[:15], order[-1]]:
        derived = arithmetic.probability(
            found, temperature=settings.temperature, token_id=int(token_id), label=str
        )
        assert derived.term.value == pytest.approx(float(found.probs[token_id]), abs=1e-12)
        assert len(list(leaves(derived.term))) < 100


def test_a_probability_is_torchs_softmax(embedded):
    trace, _ = embedded
    logits = trace.logits[-1]
    oracle = F.softmax(torch.tensor(logits).double() / 0.7, dim=-1)
    found = distribution(logits, SamplingSettings(temperature=0.7))
    derived = arithmetic.probability(found, temperature=0.7, token_id=11, label=str)
    assert derived.term.value == pytest.approx(oracle[11].item(), rel=1e-9)


def leaves(term):
    if not term.children:
        yield term
    for child in term.children:
        yield from leaves(child)


def test_a_score_is_its_products_summed_and_divided():
    trace, _ = random_run()
    term = arithmetic.score(trace, block=0, head=1, query=3, key=2).term
    summed, root = term.children
    assert summed.operation == "sum"
    assert len(summed.children) == trace.config.d_head
    assert {child.operation for child in summed.children} == {"product"}
    assert root.value == math.sqrt(trace.config.d_head)
    assert {leaf.role for leaf in leaves(summed)} == {"query", "key"}


def test_the_variance_divides_by_the_number_of_dimensions():
    trace, _ = random_run()
    derived = arithmetic.norm_variance(trace, norm="ln_f", position=2)
    row = trace.blocks[-1].resid_post[2].astype(np.float64)
    assert derived.term.value == pytest.approx(np.var(row, ddof=0), rel=1e-12)


def test_a_norm_without_gamma_and_beta_is_its_normalized_number():
    trace, parameters = random_run()
    at = {"norm": "h.1.ln_2", "position": 3, "dim": 7}
    bare = arithmetic.norm_entry(trace, parameters, **at, has_gamma=False, has_beta=False)
    assert bare.term.value == arithmetic.norm_normalized(trace, **at).term.value
    shifted = arithmetic.norm_entry(trace, parameters, **at, has_gamma=False)
    beta = float(parameters["h.1.ln_2.bias"][7])
    assert shifted.term.value == pytest.approx(bare.term.value + beta, abs=1e-12)
    assert_agrees("norm without γ", shifted)


def test_head_contributions_and_the_bias_add_up_to_the_output():
    trace, parameters = random_run()
    place = {"block": 1, "position": 5, "dim": 3}
    whole = arithmetic.attn_out_entry(trace, parameters, **place).term.value
    heads = [
        arithmetic.head_contribution(trace, parameters, head=head, **place).term.value
        for head in range(4)
    ]
    bias = float(parameters["h.1.attn.c_proj.bias"][3])
    assert math.fsum([*heads, bias]) == pytest.approx(whole, abs=1e-12)


def test_the_magnitude_ignores_that_summands_cancel():
    big, minus = constant("", "a", 1000.0), constant("", "b", -1000.0)
    cancelled = combined("sum", "", "s", big, minus)
    assert (cancelled.value, cancelled.magnitude) == (0.0, 2000.0)
    half = combined("quotient", "", "h", cancelled, constant("", "two", 2.0))
    assert half.magnitude == 1000.0
    assert Derived(half, 0.0).allowance == pytest.approx(0.01)


def assert_the_lens_agrees(model, trace, *, ids):
    for stage, position in itertools.product(range(trace.config.n_layer + 1), (0, 3)):
        read = lens_logits(model, trace, stage, position)
        for token_id in ids:
            derived = arithmetic.lens_logit(
                trace,
                arrays(model),
                stage=stage,
                position=position,
                token_id=token_id,
                label="it",
                model_value=float(read[token_id]),
            )
            assert_agrees("lens", derived)


def test_a_logit_of_the_lens_is_worked_out_from_the_state_between_two_blocks():
    model = random_model(is_tied=False)
    trace, _ = random_run(is_tied=False)
    assert_the_lens_agrees(model, trace, ids=(0, 7, 299))


def test_a_logit_of_the_embedded_models_lens_is_worked_out(embedded, embedded_model):
    assert_the_lens_agrees(embedded_model, embedded[0], ids=(11, 400))


def test_a_rank_counts_the_larger_logits():
    logits = np.array([0.5, 3.0, -1.0, 3.0, 2.0], np.float32)
    ranks = [arithmetic.rank(logits, token_id=i, label=str).term.value for i in range(5)]
    assert ranks == [4, 1, 5, 1, 3]
    many = np.arange(500, dtype=np.float32)
    last = arithmetic.rank(many, token_id=0, label=str)
    assert (last.term.value, last.model_value) == (500, 500)
    assert len(last.term.children) == arithmetic.LISTED_TOKENS + 2


def test_a_divergence_is_torchs():
    before, after = np.random.default_rng(0).normal(size=(2, 300)).astype(np.float32)
    oracle = F.kl_div(
        torch.tensor(after).double().log_softmax(0),
        torch.tensor(before).double().log_softmax(0),
        reduction="sum",
        log_target=True,
    )
    found = arithmetic.divergence(before, after, model_value=oracle.item(), label=str)
    assert found.term.value == pytest.approx(oracle.item(), abs=1e-12)
    same = arithmetic.divergence(before, before, model_value=0.0, label=str)
    assert same.term.value == 0


def test_an_entropy_is_the_lenss(embedded, embedded_model):
    trace, _ = embedded
    lens = logit_lens(embedded_model, trace, [3])
    for stage in (0, 2, trace.config.n_layer):
        logits = lens_logits(embedded_model, trace, stage, 3)
        bits = float(lens.entropies[stage, 0]) / math.log(2)
        found = distribution(logits, SamplingSettings()).probs
        derived = arithmetic.entropy(found, model_value=bits, label=str)
        assert_agrees("entropy", derived)
    sure = arithmetic.entropy(np.array([1.0, 0.0]), model_value=0.0, label=str)
    assert sure.term.value == 0
    even = arithmetic.entropy(np.full(8, 1 / 8), model_value=3.0, label=str)
    assert even.term.value == pytest.approx(3, abs=1e-12)


def test_lengths_and_turns_of_the_stream_are_the_lenss():
    trace, _ = random_run()
    for step in additions(trace.blocks, 4):
        block = trace.blocks[step.block]
        is_first = step.part == "attention"
        before = (block.resid_pre if is_first else block.resid_mid)[4]
        after = (block.resid_mid if is_first else block.resid_post)[4]
        length = arithmetic.length("it", after, model_value=step.after)
        assert_agrees("length", length)
        turned = arithmetic.cosine("it", ("x", before), ("y", after), model_value=step.cosine)
        assert_agrees("cosine", turned)
    right = arithmetic.length("it", np.array([3, 4], np.float32), model_value=5.0)
    assert right.term.value == 5


def test_a_change_is_the_difference_of_two_calculations():
    (trace, parameters), (changed, _) = random_run(), random_run(silenced=Silenced("mlp", 0))
    both = [
        arithmetic.logit(run, parameters, position=5, token_id=9, label="it")
        for run in (trace, changed)
    ]
    moved = arithmetic.change("moved", *both)
    assert moved.model_value == pytest.approx(changed.logits[5][9] - trace.logits[5][9], abs=1e-6)
    assert_agrees("change", moved)


def averages(trace, *, block, head, query):
    """Yield every number that is added up over a map, beside the page's own."""
    pattern = trace.blocks[block].pattern
    at, later = {"block": block, "head": head}, later_share(pattern[head])
    even = evenness(pattern, is_causal=trace.silenced is None)[head]
    yield arithmetic.row_sum(trace, **at, query=query)
    before, own = previous_share(pattern)[head], own_share(pattern)[head]
    yield arithmetic.later_weight(trace, **at, query=query, model_value=float(later[query]))
    yield arithmetic.mean_later(trace, **at, query=query, model_value=float(later.mean()))
    yield arithmetic.mean_previous(trace, **at, model_value=float(before))
    yield arithmetic.mean_own(trace, **at, model_value=float(own))
    yield arithmetic.mean_evenness(trace, **at, query=query, model_value=float(even))


@pytest.mark.parametrize("silenced", [None, Silenced("mask")])
@pytest.mark.parametrize("length", [1, 2, 7, 16])
@pytest.mark.parametrize("most_rows", [24, 3])
def test_sums_and_averages_of_a_map_are_the_pages_own(silenced, length, most_rows, monkeypatch):
    monkeypatch.setattr(averages_by_hand, "MOST_ROWS", most_rows)
    tokens = Tokens(tuple(range(length)), (b"x",) * length)
    trace = record(random_model(), tokens, silenced=silenced)
    for query in {0, length // 2, length - 1}:
        for derived in averages(trace, block=1, head=3, query=query):
            assert abs(derived.difference) < 1e-12, derived.term.label


def test_a_row_adds_up_to_one_and_its_leak_is_what_the_mask_hides():
    whole, _ = random_run()
    open_, _ = random_run(silenced=Silenced("mask"))
    at = {"block": 0, "head": 2, "query": 4}
    for trace, n_key in ((whole, 5), (open_, T)):
        row = arithmetic.row_sum(trace, **at)
        assert len(row.term.children) == n_key
        assert row.term.value == pytest.approx(1, abs=1e-6)
    leak = arithmetic.later_weight(open_, **at, model_value=0.0).term
    assert [child.symbol for child in leak.children] == ["A₅", "A₆"]
    assert arithmetic.later_weight(whole, **at, model_value=0.0).term.value == 0


def test_the_perplexity_is_e_to_torchs_cross_entropy(embedded):
    trace, _ = embedded
    ids = torch.tensor(trace.tokens.ids)
    oracle = F.cross_entropy(torch.tensor(trace.logits[:-1]).double(), ids[1:])
    found = surprise(trace.logits, trace.tokens.ids)
    names = list("abc")[: len(found.losses)]
    derived = arithmetic.perplexity(found.losses, names=names, model_value=found.perplexity)
    assert derived.term.value == pytest.approx(oracle.exp().item(), rel=1e-9)
    assert derived.term.children[0].value == pytest.approx(oracle.item(), rel=1e-9)
    assert_agrees("perplexity", derived)


def test_a_token_of_next_to_no_probability_has_a_loss_all_the_same():
    derived = arithmetic.perplexity(np.array([800.0, 0.0]), names="ab", model_value=math.exp(400))
    assert derived.term.value == pytest.approx(math.exp(400))
