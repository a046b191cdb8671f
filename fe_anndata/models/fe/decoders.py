"""How a sample vector u and a gene vector v predict one standardised value.

A decoder knows two forms of the same function: ``pairs`` for corresponding rows of u and v, and
``tile`` for all samples with all genes, also with its derivatives by u. A tile takes the
``gene_side`` of its genes, all that can be computed of them alone, once for many tiles. Everything
else about the model is elsewhere.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from ...kernels import pair_mlp
from ...kernels.phi import Phi

_ACTIVATION_MODULES = {"relu": nn.ReLU, "tanh": nn.Tanh}


class MLP(nn.Sequential):
    """Linear layers with an activation between them, none after the last."""

    def __init__(self, sizes: tuple[int, ...], activation: str) -> None:
        layers: list[nn.Module] = []
        for n_in, n_out in pairwise(sizes):
            layers += [nn.Linear(n_in, n_out), _ACTIVATION_MODULES[activation]()]
        super().__init__(*layers[:-1])

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return weight and bias of each layer."""
        return [(layer.weight, layer.bias) for layer in self if isinstance(layer, nn.Linear)]


class Inner(nn.Module):
    """``<phi(u), psi(v)>``: both sides meet in an inner product of length gene_dim.

    ``phi(u) = A u + MLP(u)`` and ``psi(v) = v + MLP(v)``; without hidden layers on either side the
    model is a matrix factorisation, so PCA is a special case. With Fourier features the MLP of phi
    sees ``[u, sin(u B), cos(u B)]`` for fixed random frequencies B: a few coordinates alone bend
    too slowly (Tancik et al., NeurIPS 2020).

    Parameters
    ----------
    sample_dim, gene_dim
        Lengths of u and v.
    hidden, gene_hidden
        Hidden sizes of phi and of psi; empty for the linear path alone.
    activation
        ``"relu"`` or ``"tanh"``.
    fourier
        Number of frequencies, 0 for u alone.
    """

    frequencies: Tensor

    def __init__(
        self,
        sample_dim: int,
        gene_dim: int,
        hidden: tuple[int, ...],
        gene_hidden: tuple[int, ...],
        activation: str,
        fourier: int,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.linear = nn.Linear(sample_dim, gene_dim, bias=False)
        n_in = sample_dim + 2 * fourier
        self.phi_mlp = MLP((n_in, *hidden, gene_dim), activation) if hidden else None
        self.register_buffer("frequencies", torch.zeros(sample_dim, fourier))
        self.psi_mlp = MLP((gene_dim, *gene_hidden, gene_dim), activation) if gene_hidden else None

    def phi(self, u: Tensor) -> Tensor:
        """Return the sample factors, (n, gene_dim)."""
        return self.kernel()(u)[0]

    def kernel(self) -> Phi:
        """Return phi as tensors."""
        layers = [] if self.phi_mlp is None else self.phi_mlp.layers()
        return Phi(self.linear.weight, layers, self.frequencies, self.activation)

    @torch.no_grad()
    def change_coordinates(self, back: Tensor) -> None:
        """Decode u as ``u @ back`` was decoded before, `back` (d, d)."""
        d = len(back)
        self.linear.weight.copy_(self.linear.weight @ back.T)
        self.frequencies.copy_(back @ self.frequencies)
        if self.phi_mlp is not None:
            weight = self.phi_mlp.layers()[0][0]
            weight[:, :d] = weight[:, :d] @ back.T

    @torch.no_grad()
    def change_factors(self, forth: Tensor) -> None:
        """Make phi(u) what ``phi(u) @ forth`` was before, `forth` (gene_dim, gene_dim)."""
        self.linear.weight.copy_(forth.T @ self.linear.weight)
        if self.phi_mlp is not None:
            for parameter in self.phi_mlp.layers()[-1]:
                parameter.copy_(forth.T @ parameter)

    def psi(self, v: Tensor) -> Tensor:
        """Return the gene factors, (m, gene_dim)."""
        return v if self.psi_mlp is None else v + self.psi_mlp(v)

    def pairs(self, u: Tensor, v: Tensor) -> Tensor:
        """Return one value per row."""
        return (self.phi(u) * self.psi(v)).sum(1)

    def gene_side(self, v: Tensor) -> Tensor:
        """Return the gene factors."""
        return self.psi(v)

    def tile(self, u: Tensor, Q: Tensor) -> Tensor:
        """Return (len(u), len(Q)) values."""
        return self.phi(u) @ Q.T

    def tile_with_tangents(self, u: Tensor, Q: Tensor) -> tuple[Tensor, Tensor]:
        """Return the tile, and its derivatives by each coordinate, (len(u), d, len(Q))."""
        P, J = self.kernel().with_tangents(u)
        return P @ Q.T, J @ Q.T


class Concat(nn.Module):
    """``MLP([u ; v])``, the published decoder (Trofimov et al. 2020)."""

    def __init__(
        self, sample_dim: int, gene_dim: int, hidden: tuple[int, ...], activation: str
    ) -> None:
        super().__init__()
        self.sample_dim, self.activation = sample_dim, activation
        self.mlp = MLP((sample_dim + gene_dim, *hidden, 1), activation)

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return weight and bias of each layer."""
        return self.mlp.layers()

    def pairs(self, u: Tensor, v: Tensor) -> Tensor:
        """Return one value per row."""
        return pair_mlp.pairs(u, v, self.layers(), self.activation)

    def gene_side(self, v: Tensor) -> Tensor:
        """Return what genes add to the first layer."""
        return pair_mlp.gene_side(v, self.layers(), self.sample_dim)

    def tile(self, u: Tensor, by_gene: Tensor) -> Tensor:
        """Return (len(u), len(by_gene)) values."""
        return pair_mlp.tile(u, by_gene, self.layers(), self.activation)

    def tile_with_tangents(self, u: Tensor, by_gene: Tensor) -> tuple[Tensor, Tensor]:
        """Return the tile, and its derivatives by each coordinate, (len(u), d, len(by_gene))."""
        return pair_mlp.tile_with_tangents(u, by_gene, self.layers(), self.activation)


class Dot(nn.Module):
    """``<u, v>`` plus a bias of the sample and one of the gene (Choy et al. 2018).

    The last entry of each vector is its bias, so that the tables hold all there is to know of a
    sample or a gene: ``u = [u' ; a]`` and ``v = [v' ; b]`` give ``<u', v'> + a + b``.
    """

    def pairs(self, u: Tensor, v: Tensor) -> Tensor:
        """Return one value per row."""
        return (u[:, :-1] * v[:, :-1]).sum(1) + u[:, -1] + v[:, -1]

    def gene_side(self, v: Tensor) -> Tensor:
        """Return the vectors as they are."""
        return v

    def tile(self, u: Tensor, v: Tensor) -> Tensor:
        """Return (len(u), len(v)) values."""
        return torch.addmm(u[:, -1:] + v[:, -1], u[:, :-1], v[:, :-1].T)

    def tile_with_tangents(self, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Return the tile, and its derivatives by each coordinate, (len(u), d, len(v))."""
        of_bias = v.new_ones(1, len(v))
        return self.tile(u, v), torch.cat([v[:, :-1].T, of_bias]).expand(len(u), -1, -1)
