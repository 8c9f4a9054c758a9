"""Weights of several trainings put together."""


def mean_of(nets):
    """The first net with the mean of all nets' weights (Wortsman et al. 2022, "Model soups"); they must stem from one another."""
    states = [n.state_dict() for n in nets]
    nets[0].load_state_dict({k: sum(s[k] for s in states) / len(states) if v.dtype.is_floating_point else v for k, v in states[0].items()})
    return nets[0]
