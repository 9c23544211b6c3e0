"""What a library says of an object of the student's for a test that calls the library."""

from typing import Final

import pytest
import torch

from runner.inside.values.graphs import with_lost_graph
from runner.inside.values.library_dicts import decode
from runner.inside.values.nodes import CodecError
from tests.runner.inside.values.test_one_object import cross
from tests.runner.proof.recording import tried

pytestmark = pytest.mark.torch

_NOTEBOOK: Final = """
import re
import numpy as np, scipy.sparse as sp, torch
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LinearRegression
from sklearn.utils import Bunch
def sparse(): return sp.csr_matrix(np.eye(2))
def masked(): return np.ma.masked_array([1, 2], [0, 1])
def sparse_tensor(): return torch.eye(2).to_sparse()
def pattern(): return re.compile('a')
class Model(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.weight_ = 1
        return self
class Lazy(Model):
    def fit(self, X, y): return self
fitted, unfitted = Model().fit(0, 0), Lazy().fit(0, 0)
line = LinearRegression().fit(np.eye(2), [0, 1])
net, buffered = torch.nn.LazyLinear(3), torch.nn.Module()
buffered.mask = torch.nn.Buffer(torch.ones(2), persistent=False)
buffered.plain = torch.ones(2)
w = torch.ones(2, requires_grad=True)
def relu(): return (w * 2).relu()
def result(): return minimize(lambda x: (x[0] - 1) ** 2, [0.])
def bunch(): return Bunch(data=[1], target=[0])
def take(b): return b.data
"""
_HOLDS: Final = {
    "sparse": "import scipy.sparse as sp\nassert sp.issparse(sparse())\n"
    "assert sp.isspmatrix_csr(sparse()) and not sp.isspmatrix_csc(sparse())",
    "a pattern": "from pandas.api.types import is_re\nassert is_re(pattern())",
    "fitted": "from sklearn.base import is_classifier, is_regressor\n"
    "from sklearn.exceptions import NotFittedError\n"
    "from sklearn.utils.validation import check_is_fitted\n"
    "check_is_fitted(fitted); check_is_fitted(line)\n"
    "try: check_is_fitted(unfitted)\nexcept NotFittedError: pass\n"
    "else: raise AssertionError\n"
    "assert is_classifier(fitted) and is_regressor(line) and not is_regressor(fitted)",
    "a buffer": "import torch\nassert isinstance(buffered.mask, torch.nn.Buffer)\n"
    "assert not buffered.mask.persistent\n"
    "assert not isinstance(buffered.plain, torch.nn.Buffer)",
    "a graph": "assert relu().grad_fn.name() == 'ReluBackward0'\n"
    "assert type(relu().grad_fn).__name__ == 'ReluBackward0'\n"
    "assert repr(relu()) == 'tensor([2., 2.], grad_fn=<ReluBackward0>)'",
    "a result": "found = result()\nassert abs(found.x[0] - 1) < 1e-4 and found.success\n"
    "assert found['x'] is found.x and 'nfev' in found",
    "a bunch": "from sklearn.utils import Bunch\nassert type(bunch()) is Bunch\n"
    "assert bunch().data == [1] and bunch() == {'data': [1], 'target': [0]}\n"
    "assert take(Bunch(data=[3])) == [3]",
}
# Each holds in a test's process, and not in the notebook.
_FALSE: Final = {
    "sparse": "import scipy.sparse as sp\nassert not sp.issparse(sparse())",
    "masked": "import numpy as np\nassert not np.ma.isMaskedArray(masked())",
    "a sparse tensor": "import torch\nassert not torch.is_tensor(sparse_tensor())",
    "a pattern": "from pandas.api.types import is_re\nassert not is_re(pattern())",
    "lazy": "from torch.nn.parameter import is_lazy\n"
    "assert not any(map(is_lazy, net.parameters()))",
    "uninitialised": "import torch\n"
    "assert not isinstance(net.weight, torch.nn.UninitializedParameter)",
    "the size of a lazy layer": "assert sum(p.numel() for p in net.parameters()) == 0",
    "a buffer": "import torch\nassert not isinstance(buffered.mask, torch.nn.Buffer)",
    "a graph": "assert 'Relu' not in str(relu().grad_fn)",
    "a bunch": "assert type(bunch()) is dict and not hasattr(bunch(), 'data')",
}


@pytest.mark.parametrize("name", _HOLDS)
def test_a_library_is_told_what_a_test_is_told(name: str) -> None:
    found = tried(_NOTEBOOK, _NOTEBOOK, _HOLDS[name])
    assert found.scores == (1.0,), found.errors


@pytest.mark.parametrize("name", _FALSE)
def test_a_library_says_nothing_of_the_stand_in(name: str) -> None:
    found = tried(_NOTEBOOK, _NOTEBOOK, _FALSE[name])
    assert found.scores == (0.0,)


def test_a_library_gives_an_estimator_nothing_to_ask_it() -> None:
    """Only the questions of sklearn that have no operands are the library's own calls."""
    test = "from sklearn.model_selection import cross_val_score\nimport numpy as np\n"
    test += "cross_val_score(fitted, np.eye(6), [0, 1] * 3)"
    assert tried(_NOTEBOOK, _NOTEBOOK, test).scores == (0.0,)


def test_no_attribute_of_a_dictionary_stands_for_a_method_of_values() -> None:
    notebook = (
        "from sklearn.utils import Bunch\n"
        "def found(): return Bunch(difference=lambda other: set())"
    )
    test = "assert found().difference({1}) == set()"
    assert tried(notebook, notebook, test).scores == (0.0,)


@pytest.mark.parametrize("name", ["builtins:dict", "unittest.mock:_Call", "x"])
def test_no_other_class_of_dictionaries_is_made(name: str) -> None:
    with pytest.raises(CodecError, match="unknown class"):
        decode(None, {"k": "library dict", "n": name, "v": []}, 0)  # type: ignore[arg-type]  # not reached


@pytest.mark.parametrize("name", ["", "a b", "<x>", "a" * 200])
def test_an_odd_name_of_an_operation_is_not_shown(name: str) -> None:
    found = with_lost_graph(torch.ones(1), refuses=False, name=name)
    assert "_GraphBackward" in repr(found)


def test_results_of_one_operation_have_one_kind_of_node() -> None:
    w = torch.ones(2, requires_grad=True)
    first, second = cross(w * 2), cross(w * 3)
    assert type(first.grad_fn) is type(second.grad_fn)
