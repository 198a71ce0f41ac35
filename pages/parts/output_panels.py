"""The panels of the output page; `pages/output.py` puts them in order."""

import math

import streamlit as st

from model import arithmetic
from model.sampling import SamplingSettings
from model.terms import Derived
from pages.components.bars import (
    Marks,
    Ranking,
    bar_state,
    chosen_id,
    next_token_bars,
)
from pages.components.columns import Picked, column_state, picked_number, pressed, stage_columns
from pages.components.passage import passage
from pages.components.percent import count, signed, tokens
from pages.components.roads import road_tree
from pages.components.sampling import sampling_controls
from pages.parts import explain, generating, guessing, next_token, session
from pages.parts.byhand import by_hand, is_offered
from pages.parts.generating import HIGHEST_SEED
from pages.parts.next_token import BARS, COLUMNS, CONTROLS, PASSAGE, ROADS, Moment, View
from pages.parts.opened import close_panel, open_panel, opened

N_DRAWS = 1000
_MANY = 40
_PROMPT_TAIL = 6
# The calculation of the text's loss, as the link calls it.
_LOSS = "loss"


def toolbar() -> None:
    """Draw the buttons that make the text grow and take it back, and the seed."""
    is_running = generating.running() is not None
    room, tree = generating.room(), generating.roads()
    with st.container(horizontal=True, vertical_alignment="bottom", key="grow", gap="small"):
        if is_running:
            st.button("Stop drawing", on_click=generating.stop, type="primary", key="stop-drawing")
            st.button("Skip to the end", on_click=generating.skip, key="skip-drawing")
        else:
            _draw_buttons(room)
        st.button("Undo", on_click=generating.undo, disabled=is_running or not tree.here)
        st.button("Undo all", on_click=generating.undo_all, disabled=is_running or not tree.here)
        _seed(is_disabled=is_running)


def _draw_buttons(room: int) -> None:
    st.button(
        "Draw a token", on_click=generating.draw_one, type="primary", disabled=not room, key="draw"
    )
    n_tokens = min(int(session.kept("n_many", _MANY)), session.config().block_size)
    st.button(
        f"Draw {tokens(min(n_tokens, room))}" if room else "Draw many",
        on_click=generating.start,
        args=(n_tokens,),
        disabled=not room,
        key="draw-many",
    )
    st.number_input(
        "How many",
        help=f"1 to {count(session.config().block_size)}: the whole context at most.",
        min_value=1,
        max_value=session.config().block_size,
        value=n_tokens,
        key="n-many",
        width=130,
        on_change=lambda: session.keep("n_many", int(session.widget("n-many"))),
    )


def _seed(*, is_disabled: bool) -> None:
    seed = session.seed()
    session.mirror("seed-box", seed)
    st.number_input(
        "Seed",
        min_value=0,
        max_value=max(HIGHEST_SEED, seed),
        key="seed-box",
        width=130,
        disabled=is_disabled,
        help=f"0 to {count(HIGHEST_SEED)}. The seed fixes one random number for each position of "
        "the text. The same seed, text and settings give the same continuation.",
        on_change=lambda: session.take("seed-box", "seed"),
    )
    st.button("New seed", on_click=generating.new_seed, disabled=is_disabled)


def text(view: View) -> None:
    """Draw what stands in the way of more text, and the text coloured by surprise."""
    notice = _notice(is_running=view.running is not None)
    if notice:
        st.info(notice)
    passage(
        next_token.pieces(view.running),
        position=view.looked.position,
        key=PASSAGE,
        is_tinted=True,
        on_looked=_look,
    )
    if view.running is not None:
        n_drawn = len(view.running.losses)
        st.caption(
            f"{count(n_drawn)} drawn, {count(view.running.n_left)} to go. They join your text when "
            "the drawing ends, when you stop it, or when you open another page."
        )


def loss(view: View) -> None:
    """Say how sure the model was of the text, and work that out by hand."""
    if view.running is not None:
        return
    st.markdown("#### How well the model saw your text coming")
    st.caption(_loss_sentence())
    if next_token.text_surprise().losses.size:
        _loss_by_hand()


def _loss_by_hand() -> None:
    """Work mean loss and perplexity of the text out, once that was asked for."""
    if not is_offered():
        return
    is_open = opened(_LOSS) is not None
    st.button(
        "Put the calculation away" if is_open else "Work mean and perplexity out by hand",
        key="loss-by-hand",
        icon=":material/calculate:",
        type="tertiary",
        on_click=_open_or_close_loss,
    )
    if is_open:
        found, label = next_token.text_surprise(), session.cutter().label
        names = [f"{label(i)} at {at}" for at, i in enumerate(session.tokens().ids)][1:]
        derived = arithmetic.perplexity(found.losses, names=names, model_value=found.perplexity)
        by_hand(derived.term, model_value=derived.model_value, key="by-hand-loss")


def _open_or_close_loss() -> None:
    if opened(_LOSS) is None:
        open_panel(_LOSS)
    else:
        close_panel(_LOSS)
    generating.ask_for_rerun(after_drawing=True)


def _look() -> None:
    position = session.element_state(PASSAGE, "looked")
    if isinstance(position, int) and 0 < position <= len(session.tokens()):
        is_next = position == len(session.tokens())
        session.select(query=session.LAST if is_next else position - 1)
        generating.ask_for_rerun()


def _loss_sentence() -> str:
    found, n_tokens = next_token.text_surprise(), len(session.tokens())
    if not found.losses.size:
        return "One token gives one prediction and no loss yet: nothing came after it."
    start = ""
    if session.is_start_read():
        start = " <|endoftext|>, the start token, is what the first one is predicted from."
    n_losses = n_tokens - 1
    return (
        f"Under each token above stands its surprise in bits, −log₂ p. One pass over "
        f"{tokens(n_tokens)} gave {count(n_tokens)} predictions and {count(n_losses)} "
        f"{'loss' if n_losses == 1 else 'losses'}: mean loss "
        f"{found.mean_loss:.4f} nats, perplexity e^loss = {found.perplexity:,.2f}."
        f"{start} Temperature and filters do not enter."
    )


def _notice(*, is_running: bool) -> str:
    if is_running:
        return ""
    if not generating.room():
        size = session.config().block_size
        return (
            f"The context is full: this model reads at most {count(size)} tokens. Undo some, or "
            "shorten your text, and it can go on."
        )
    if generating.is_ended():
        return (
            "<|endoftext|> came: the model ended the text here, so drawing many stopped. Draw on "
            "and it begins a new text."
        )
    return ""


def bars(view: View) -> None:
    """Draw the bars of the position that is looked at, and the draws made on them."""
    looked = view.looked
    _position_head(looked)
    with st.container(horizontal=True):
        guessing.switch()
        wants_draws = st.toggle(
            f"Draw {count(N_DRAWS)} times and count",
            key="many-draws",
            bind="query-params",
            help="Each draw takes one random number; the marks show how often each token came.",
        )
    if guessing.is_hidden(looked):
        guessing.question(looked)
        return
    guessing.verdict(looked)
    counts = generating.draws(view.found, session.seed(), N_DRAWS) if wants_draws else None
    next_token_bars(
        view.ranking,
        session.cutter(),
        key=BARS,
        at=looked.at,
        title=_title(view, "Next token"),
        state=bar_state(session.rows(), session.searched("find_bar")),
        marks=Marks(looked.came, looked.u, counts, N_DRAWS if counts else 0),
        can_choose=not looked.is_running and _can_branch(looked),
        on_chosen=_choose,
        on_state=_keep_bars,
    )
    if counts is not None:
        st.caption(_draws_sentence(view.ranking, counts))


def _keep_bars() -> None:
    shown, search = (session.element_state(BARS, name) for name in ("shown", "search"))
    state = bar_state(
        session.rows() if shown is None else shown,
        session.searched("find_bar") if search is None else search,
    )
    _select(rows=state.n_rows, find_bar=state.query)


def _select(**parts: int | str) -> None:
    """Change the selection; the address bar, outside the fragment, follows after it."""
    session.select(**parts)
    generating.ask_for_rerun(after_drawing=True)


def _title(view: View, what: str) -> str:
    """Name a saved picture: the position, what stands before it, the settings."""
    position, ids = view.looked.position, session.tokens().ids
    after = f" after {session.cutter().label(ids[position - 1])}" if position <= len(ids) else ""
    heat = f"temperature {view.settings.temperature:g}"
    return f"{what} at position {position}{after}, {heat}, {session.known_model().title}"


def _can_branch(looked: Moment) -> bool:
    return looked.came is not None or generating.room() > 0


def _choose() -> None:
    looked = next_token.moment(None)
    sent = session.element_state(BARS, "chosen")
    token_id = chosen_id(sent, looked.at, session.cutter())
    if token_id is not None and _can_branch(looked):
        generating.choose(token_id, looked.position - 1)
        generating.ask_for_rerun()


def _position_head(looked: Moment) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="position-head"):
        if looked.came is None:
            st.markdown(f"#### What comes next, at position {looked.position}")
        else:
            st.markdown(f"#### What was expected at position {looked.position}")
        if looked.came is not None and not looked.is_running:
            st.button("Look at what comes next", on_click=_look_at_next, key="look-next")


def _look_at_next() -> None:
    session.select(query=session.LAST)
    generating.ask_for_rerun()


def _draws_sentence(ranking: Ranking, counts: dict[int, int]) -> str:
    """Compare counts with expectations: about 19 of 20 should lie within two deviations."""
    probs = ranking.found.probs
    likely = [i for i in ranking.top(12) if probs[i] > 0]
    near = [
        i
        for i in likely
        if abs(counts.get(i, 0) - N_DRAWS * probs[i])
        <= 2 * math.sqrt(N_DRAWS * probs[i] * (1 - probs[i]))
    ]
    first = likely[0]
    return (
        f"{count(N_DRAWS)} draws with seed {session.seed()} found {count(len(counts))} different "
        f"tokens. The likeliest came {count(counts.get(first, 0))} times; its bar promises "
        f"{N_DRAWS * probs[first]:.1f}. Of the first {len(likely)} bars {len(near)} were hit "
        "within two standard deviations, √(n·p·(1 − p)) each; chance alone puts about 19 of 20 "
        "there."
    )


def controls(view: View) -> None:
    """Draw temperature, top-k, top-p and min-p, unless the link hides them."""
    if "sampling" in session.selection().hide:
        return
    sampling_controls(view.found, view.settings, key=CONTROLS, on_values=next_token.take_settings)


def tries() -> None:
    """Offer three things to do, one press each."""
    greedy, hot = SamplingSettings(temperature=0.0), SamplingSettings(temperature=1.8)
    explain.tries(
        "output",
        explain.Try(
            "Always the likeliest",
            lambda: next_token.use(greedy),
            "Draw 40 tokens and watch for sentences that come round again.",
            shows="draw",
            needs="sampling",
        ),
        explain.Try(
            "Turn up the heat",
            lambda: next_token.use(hot),
            "Temperature 1.8: the bars flatten, and what is drawn soon makes no sense.",
            shows=BARS,
            needs="sampling",
        ),
        explain.Try(
            "Cut the tail",
            lambda: next_token.use(SamplingSettings(top_p=0.9)),
            "Top-p 0.9: look how many tokens share the last tenth of the probability.",
            shows=BARS,
            needs="sampling",
        ),
    )


def columns(view: View) -> None:
    """Draw the stages as columns over the whole vocabulary, and one number worked out by hand."""
    if guessing.is_hidden(view.looked):
        return
    ranking, cutter = view.ranking, session.cutter()
    st.markdown("#### Every stage, every token")
    st.caption(_bands_sentence(ranking))
    n_all = cutter.vocab_size
    picked = picked_number(session.choice("number", n_all), session.choice("column", 6), ranking)
    stage_columns(
        ranking,
        view.settings,
        cutter,
        key=COLUMNS,
        title=_title(view, "Every stage"),
        state=column_state(session.rank(), session.searched("find_stage"), n_all),
        picked=picked,
        on_picked=_pick,
        on_state=_keep_columns,
    )
    derived = _derived(view, picked)
    by_hand(derived.term, model_value=derived.model_value)


def _bands_sentence(ranking: Ranking) -> str:
    logits = ranking.found.logits
    lowest, highest = (signed(float(end)) for end in (logits.min(), logits.max()))
    return (
        "First the whole vocabulary in bands of ranks, each drawn as its first token. Grey bars "
        f"are logits, from the lowest of all, {lowest} (no bar), to the highest, {highest}; the "
        "last column has probabilities, the likeliest as the full bar. Then token by token. Press "
        "a number to work it out."
    )


def _pick() -> None:
    number = pressed(session.element_state(COLUMNS, "picked"))
    if number is not None:
        _select(number=number[0], column=number[1])


def _keep_columns() -> None:
    first, search = (session.element_state(COLUMNS, name) for name in ("first", "search"))
    state = column_state(
        session.rank() if first is None else first,
        session.searched("find_stage") if search is None else search,
        session.config().vocab_size,
    )
    _select(rank=state.first, find_stage=state.query)


def _derived(view: View, picked: Picked) -> Derived:
    """Work out the number that was pressed; of a running generation only what the stages did."""
    label = session.cutter().label
    if picked.is_logit and not view.looked.is_running:
        return arithmetic.logit(
            session.trace(),
            session.parameters(),
            position=view.looked.position - 1,
            token_id=picked.id,
            label=label(picked.id),
        )
    heat = view.settings.temperature
    return arithmetic.probability(view.found, temperature=heat, token_id=picked.id, label=label)


def roads() -> None:
    """Draw every road taken from this prompt, where there is one."""
    tree = generating.roads()
    if not tree.nodes:
        return
    st.markdown("#### Roads from this prompt")
    st.caption(
        "Each line is a continuation you drew or chose (dashed). Press a token to go back to it; "
        "nothing is forgotten until you change the prompt."
    )
    cutter = session.cutter()
    tail = "".join(cutter.label(i) for i in tree.prompt[-_PROMPT_TAIL:])
    is_cut = len(tree.prompt) > _PROMPT_TAIL
    prompt = f"…{tail}" if is_cut else tail or "the start"
    road_tree(prompt, next_token.stops(tree), key=ROADS, on_gone=_go)


def _go() -> None:
    node = session.element_state(ROADS, "gone")
    if isinstance(node, int):
        generating.go(node)
